package import ConfigurationFiles
import Foundation
package import Reporting

/// Reports that were read again, all of one kind, to be shown side by side.
package enum SavedBenchmarks {
    case service(ServiceComparison)
    case kernels(KernelComparison)
    case devices(DeviceComparison)

    /// - Parameter files: each report's JSON and what it is called.
    /// - Throws: `FileError` for what is no report, or one of another kind than the first.
    package init(_ files: [(name: String, path: String, json: String)]) throws(FileError) {
        let values = try files.map { file throws(FileError) in
            try JSONValue(json: Data(file.json.utf8), file: file.path)
        }
        let kinds = try zip(files, values).map { file, value throws(FileError) in try Kind(value, file: file.path) }
        for (file, kind) in zip(files, kinds) where kind != kinds[0] {
            throw FileError(
                file: file.path,
                reason: "is a report of \(kind.rawValue), but \(files[0].path) is one of \(kinds[0].rawValue)")
        }
        switch kinds.first {
        case .devices:
            self = .devices(
                DeviceComparison(
                    try zip(files, values).map { file, value throws(FileError) in
                        (file.name, try DeviceBenchmark(value, file: file.path))
                    }))
        case .kernels:
            self = .kernels(
                KernelComparison(
                    try zip(files, values).map { file, value throws(FileError) in
                        guard let report = value.decoded(KernelReport.self) else {
                            throw FileError(file: file.path, reason: "is no report of weft bench kernels")
                        }
                        return (file.name, report)
                    }))
        case .service, nil:
            self = .service(
                ServiceComparison(
                    try files.map { file throws(FileError) in
                        (file.name, try SavedReport(json: file.json, file: file.path).service)
                    }))
        }
    }

    package var text: String {
        switch self {
        case .service(let comparison): comparison.table("report").text
        case .kernels(let comparison): comparison.text
        case .devices(let comparison): comparison.text
        }
    }

    package var html: String {
        switch self {
        case .service(let comparison): comparison.page(title: "Measured service").html
        case .kernels(let comparison): comparison.page(title: "Kernels").html
        case .devices(let comparison): comparison.page(title: "Devices").html
        }
    }

    private enum Kind: String {
        case service = "weft bench serve"
        case kernels = "weft bench kernels"
        case devices = "tools/bench-device"

        init(_ value: JSONValue, file: String) throws(FileError) {
            let found: [(String, Kind)] = [("stages", .devices), ("peaks", .kernels), ("service", .service)]
            guard let kind = found.first(where: { value[$0.0] != nil })?.1 else {
                throw FileError(
                    file: file,
                    reason: "is no report of weft bench serve, weft bench kernels or tools/bench-device")
            }
            self = kind
        }
    }
}
