import Compute
import Foundation
import Glibc
import Kernels

/// Packed weights in files, one for each model file and panel width, which are mapped where they stand.
///
/// A file is known by path, size and time of the model file. A damaged one counts as none. A folder that cannot be
/// written
/// costs memory and time at the next start, nothing else.
package struct WeightCache: Sendable {
    /// Room for the header in front of the weights.
    static let headerByteCount = HostMemory.alignment

    private let folder: URL

    package init(folder: String) { self.folder = URL(fileURLWithPath: folder, isDirectory: true) }

    /// What was kept, or what `fill` writes; `nil` where nothing can be kept.
    func memory(
        for path: String, _ panels: PanelLayout, byteCount: Int, fill: (HostMemory) throws -> Void
    ) throws -> HostMemory? {
        guard let name = Name(path: path, panels) else { return nil }
        let file = folder.appendingPathComponent(name.file).path
        if let memory = kept(file, byteCount: byteCount) { return memory }
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let temporary = "\(file).\(UInt64.random(in: 0 ... .max)).partial"
        guard let memory = try? HostMemory(creating: temporary, byteCount: byteCount) else { return nil }
        do {
            try fill(memory)
            memory.bytes.storeBytes(of: Header(of: memory), as: Header.self)
            guard rename(temporary, file) == 0 else {
                unlink(temporary)
                return memory
            }
        } catch {
            unlink(temporary)
            throw error
        }
        removeOlder(than: name)
        return memory
    }

    private func kept(_ file: String, byteCount: Int) -> HostMemory? {
        guard let memory = try? HostMemory(mapping: file), memory.byteCount == byteCount else { return nil }
        return memory.bytes.loadUnaligned(as: Header.self) == Header(of: memory) ? memory : nil
    }

    /// Other states of the same model file are of no use any more.
    private func removeOlder(than name: Name) {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for file in files where file.hasPrefix(name.stem) && file.hasSuffix(Name.suffix) && file != name.file {
            unlink(folder.appendingPathComponent(file).path)
        }
    }

    /// What stands at the front of a file.
    private struct Header: Hashable {
        /// "weftpack", then the version of the packed form.
        var magic: UInt64 = 0x6b63_6170_7466_6577
        var version: UInt64 = 1
        var digest: UInt64

        init(of memory: HostMemory) {
            let words = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[WeightCache.headerByteCount...])
                .bindMemory(to: UInt64.self)
            // Four sums, so that each multiplication need not wait for the last.
            var sums = SIMD4<UInt64>(1, 2, 3, 4)
            for index in stride(from: 0, to: words.count / 4 * 4, by: 4) {
                let next = SIMD4(words[index], words[index + 1], words[index + 2], words[index + 3])
                sums = (sums ^ next) &* 0x9e37_79b9_7f4a_7c15
                sums ^= sums &>> 29
            }
            digest = sums[0] &+ sums[1] &* 3 &+ sums[2] &* 5 &+ sums[3] &* 7
        }
    }

    /// The names of a model file's packed form.
    private struct Name {
        static let suffix = ".weights"
        /// Alike for all states of the model file.
        let stem: String
        let file: String

        init?(path: String, _ panels: PanelLayout) {
            guard let resolved = realpath(path, nil) else { return nil }
            defer { free(resolved) }
            let path = String(cString: resolved)
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            let title = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            stem = "\(title)-\(String(Self.hash(path), radix: 36))-\(panels.width)-"
            let time = status.st_mtim
            file = "\(stem)\(status.st_size)-\(time.tv_sec).\(time.tv_nsec)\(Self.suffix)"
        }

        /// Fowler, Noll and Vo's hash, 1a.
        private static func hash(_ text: String) -> UInt64 {
            text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        }
    }
}
