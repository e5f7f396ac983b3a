import ArgumentParser
import Benchmarks
import Compute
import Engine
import Foundation
import Kernels
import Quantities
import Reporting
import ShaderTesting
import Transformer

/// `weft tune`: from models and a device to the shapes that later starts give the products of these models.
struct TuneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune", abstract: "Find the fastest launch shapes for models on a device, and keep them.",
        discussion: """
            Measures each product of the models in a few shapes around the default: with 1, 8 and 256 rows, in turns with \
            the default. What is faster beyond the noise, and right, is kept in the cache folder for this device, driver \
            and version of the kernels, and used by later starts. Without it, shapes are sound defaults. See docs/tuning.md.
            """)

    @Argument(
        help: "Models: GGUF files, names of files in the folder of models, or a configuration, whose devices are tuned."
    )
    var models: [String] = []

    @OptionGroup var device: DeviceOption

    @Option(help: "A product besides, as COLUMNSxDEPTH:FORMAT; may be given several times.")
    var matrix: [String] = []

    @Option(help: "Seconds after which no further shape of a product is tried.")
    var seconds = 60.0

    @Option(help: "Write all figures to this file as JSON.")
    var json: String?

    @Flag(help: "Measure, and keep nothing.")
    var dryRun = false

    func validate() throws {
        guard !models.isEmpty || !matrix.isEmpty else { throw ValidationError("name a model, or a --matrix") }
        guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds must be between 0 and 3600") }
        for matrix in matrix where Self.product(matrix, inBytes: false) == nil {
            throw ValidationError("--matrix \(matrix): is no COLUMNSxDEPTH:FORMAT, as 4096x1024:Q4_K")
        }
    }

    func run() throws {
        var reports: [TuningReport] = []
        for (name, paths) in try work() { reports.append(try tune(paths, on: OpenDevice(name))) }
        if let json { try PlanningInputs.write(reports.prettyJSON(), to: json) }
    }

    /// The devices that are tuned, each with the models that it serves.
    private func work() throws -> [(device: String?, models: [String])] {
        var work: [(device: String?, models: [String])] = [(device.device, [])]
        for model in models {
            guard [".yaml", ".yml", ".json"].contains(where: model.hasSuffix) else {
                work[0].models.append(try Folders.model(model))
                continue
            }
            for unit in try ServeCommand.read(model).units {
                let paths = try unit.models.map { try Folders.model($0.path) }
                let named = device.device.map { [$0] } ?? unit.devices
                for name in named.isEmpty ? [nil] : Set(named).sorted().map(Optional.some) {
                    if let index = work.firstIndex(where: { $0.device == name }) {
                        work[index].models += paths
                    } else {
                        work.append((name, paths))
                    }
                }
            }
        }
        return work.filter { !$0.models.isEmpty || ($0.device == device.device && !matrix.isEmpty) }
    }

    private func tune(_ models: [String], on open: OpenDevice) throws -> TuningReport {
        let limits = open.device.limits
        var matrices: [ModelMatrix] = []
        for path in models { matrices += try Self.matrices(of: path, on: open.device) }
        matrices += matrix.compactMap { Self.product($0, inBytes: limits.prefersIntegerProducts) }
            .map { ModelMatrix(product: $0, count: 1, isOutput: false) }
        let kernels = try KernelSet(device: open.device), check = try ShapeCheck(kernels)
        let tuner = try MatrixTuner(kernels, seconds: seconds) { check.fault(of: $0, for: $1) }
        var tuning = Folders.tunings.find(for: open.device).tuning
        var report = TuningReport(
            device: open.device.description, version: weftVersion, date: Date.now.formatted(.iso8601))
        let progress = Progress("tuning")
        for (index, matrix) in matrices.joined.enumerated() {
            progress.show(Double(index) / Double(matrices.count), matrix.product.description)
            let tuned = try tuner.tune(matrix)
            tuning[matrix.product] = tuned.choice
            report.matrices.append(tuned)
        }
        progress.show(1)
        print(report.table.text, terminator: "")
        for note in report.notes { print(note) }
        if dryRun {
            print("nothing kept: a dry run")
        } else {
            print("kept in \(try Folders.tunings.keep(tuning, for: open.device))")
        }
        try open.checkValidation()
        return report
    }

    /// The products of a model, which is loaded for it: what its layers come to is known then.
    private static func matrices(of path: String, on device: any Device) throws -> [ModelMatrix] {
        let file = try ModelFile(path: path), progress = Progress("loading")
        try file.network.requireGeneration()
        var options = Model.Options()
        options.maxRows = 16
        let sequence = try SingleSequence(
            file.gguf, options: options, contextLength: 16, kernels: KernelSet(device: device), cache: Folders.weights,
            warmsUp: false
        ) { progress.show($0) }
        return sequence.model.matrices
    }

    /// The plain product that `text` means.
    private static func product(_ text: String, inBytes: Bool) -> MatrixProduct? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let format = WeightFormat(rawValue: parts[1].uppercased()) else { return nil }
        let sizes = parts[0].split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard sizes.count == 2, let columns = sizes[0], let depth = sizes[1] else { return nil }
        let product = MatrixProduct(
            format, depth: depth, columns: columns, terms: inBytes && format.blocks != nil ? 1 : 0)
        return product.isPlausible ? product : nil
    }
}

extension [ModelMatrix] {
    /// Each product once, for all models that have it.
    fileprivate var joined: [ModelMatrix] {
        reduce(into: []) { joined, matrix in
            if let index = joined.firstIndex(where: { $0.product == matrix.product }) {
                joined[index].count += matrix.count
                joined[index].isOutput = joined[index].isOutput && matrix.isOutput
            } else {
                joined.append(matrix)
            }
        }
    }
}
