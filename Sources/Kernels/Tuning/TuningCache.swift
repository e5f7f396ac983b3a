package import Compute
import Files

/// A folder with a file of shapes for each device: what `weft tune` found, for later starts.
package struct TuningCache: Sendable {
    private let folder: String

    package init(folder: String) { self.folder = folder }

    /// What is known of a device.
    package enum Finding: Sendable, Hashable {
        case absent
        case found(Tuning)
        /// In one line, why what is there is not used.
        case unusable(String)

        /// The default where there is none.
        package var tuning: Tuning { if case .found(let tuning) = self { tuning } else { Tuning() } }
    }

    /// One of a device, whatever its driver: an older one's is found, and said to be that.
    private static func name(_ device: any Device) -> String {
        let words = "\(device.description.api.rawValue) \(device.description.name)"
        return words.split { !$0.isLetter && !$0.isNumber }.joined(separator: "-") + ".tuning"
    }

    package func find(for device: any Device) -> Finding {
        let name = Self.name(device), path = "\(folder)/\(name)"
        let files: PrivateFolder
        do throws(FileFault) { files = try PrivateFolder(path: folder) } catch {
            return .unusable("\(folder) cannot be used: \(error.reason)")
        }
        var bytes: [UInt8] = []
        let finding = files.readBytes(name, into: &bytes)
        switch finding {
        case .absent: return .absent
        case .damaged(let reason): return .unusable("\(path) is not used, and default shapes are: \(reason)")
        case .whole: break
        }
        do throws(TuningFault) { return .found(try Tuning(json: bytes, for: device)) } catch {
            return .unusable("\(path) is not used, and default shapes are: it \(error)")
        }
    }

    /// Keeps `tuning` for later starts, in place of what was known of the device.
    /// - Returns: the file.
    package func keep(_ tuning: Tuning, for device: any Device) throws -> String {
        let name = Self.name(device), json = try tuning.json(of: Tuning.Origin(device))
        try json.withUnsafeBytes { bytes in try PrivateFolder(path: folder).keep(bytes, as: name) }
        return "\(folder)/\(name)"
    }
}

extension PrivateFolder {
    /// A file of at most a megabyte, whole.
    fileprivate func readBytes(_ name: String, into bytes: inout [UInt8]) -> Finding {
        var memory: UnsafeMutableRawBufferPointer?
        defer { memory?.deallocate() }
        let finding = read(name) { count in
            guard count <= 1 << 20 else { return nil }
            memory = .allocate(byteCount: count, alignment: 16)
            return memory
        }
        if finding == .whole, let memory { bytes = Array(memory) }
        return finding
    }
}
