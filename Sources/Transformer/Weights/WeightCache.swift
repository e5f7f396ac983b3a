import Compute
package import Files
import Foundation
import GGUF
import Glibc
import Kernels

/// Packed weights in files, one for each model file, panel width and number of shards.
///
/// They are read into memory of this process and not mapped, though a mapping would load faster by a copy: what is
/// mapped is at the mercy of whoever can open the file. Cut, it ends the process; overwritten, it gives other text.
/// Reading and checking 130 MB was measured to take 0.33 s on two cores that others kept busy. Memory is taken once
/// either way: the kernel drops the file's pages when it needs them.
///
/// A model file is known by path, size, time and number (inode) of the file that is open, or of all its parts. A
/// damaged file of weights counts as none. A folder that cannot be used costs time at the next start, nothing else.
package struct WeightCache: Sendable {
    private let path: String
    private let warn: Warn

    /// - Parameter folder: made where it is missing, for the user alone.
    package init(folder: String) { self.init(folder: folder, warn: warnInLog) }

    /// - Parameter warn: told of what is damaged or cannot be kept.
    package init(folder: String, warn: @escaping Warn) {
        path = folder
        self.warn = warn
    }

    /// Reads what was kept of `file` into memory of its size.
    /// - Returns: `false` where it must be packed; the memory holds zeros then.
    func read(_ file: GGUFFile, _ panels: PanelLayout, shards: Int, into memory: HostMemory) -> Bool {
        guard let folder = try? PrivateFolder(path: path), let name = Name(of: file, panels, shards) else {
            return false
        }
        switch folder.read(name.file, into: { $0 == memory.byteCount ? memory.bytes : nil }) {
        case .absent: return false
        case .whole: return true
        case .damaged(let reason):
            warn("\(path)/\(name.file) \(reason): the model is packed anew")
            // Also what stands between weights, which packing leaves as it is.
            memory.bytes.initializeMemory(as: UInt8.self, repeating: 0)
            return false
        }
    }

    /// Keeps what was packed of `file`, which was found unchanged afterwards.
    func keep(_ memory: HostMemory, of file: GGUFFile, _ panels: PanelLayout, shards: Int) {
        // Weights of a file that another has replaced since would never be asked for.
        guard file.files.allSatisfy({ FileIdentity(path: $0.path) == $0.identity }),
            let name = Name(of: file, panels, shards)
        else { return }
        do throws(FileFault) {
            let folder = try PrivateFolder(path: path)
            try folder.keep(UnsafeRawBufferPointer(memory.bytes), as: name.file)
            // Other states of the same model file are of no use any more.
            for old in folder.names where old.hasPrefix(name.stem) && old.hasSuffix(Name.suffix) && old != name.file {
                folder.remove(old)
            }
        } catch {
            warn("packed weights are not kept: \(error)")
        }
    }

    /// The names of a model file's packed form.
    private struct Name {
        static let suffix = ".weights"
        /// Of the packed form; another one has another layout of panels.
        static let version = 6
        /// Alike for all states of the model file.
        let stem: String
        let file: String

        init?(of model: GGUFFile, _ panels: PanelLayout, _ shards: Int) {
            guard let resolved = realpath(model.path, nil) else { return nil }
            defer { free(resolved) }
            let path = String(cString: resolved)
            let title = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            let states = model.files.map {
                "\($0.byteCount)-\($0.identity.seconds).\($0.identity.nanoseconds)-\($0.identity.inode)"
            }
            let state = states.count == 1 ? states[0] : Checksum.name(of: states.joined(separator: " "))
            let form = shards == 1 ? "\(panels.width)" : "\(panels.width)x\(shards)"
            stem = "\(title)-\(Checksum.name(of: path))-\(form)-"
            file = stem + "\(state)-\(Self.version)\(Self.suffix)"
        }
    }
}
