package import Files

/// Compiled kernels in files, each named by its source and by all else that decides what a compiler makes of it.
///
/// Code without its checksum is compiled anew, as drivers may not survive what is damaged. A folder that cannot be used
/// costs time at the next start, nothing else.
package struct CodeCache: Sendable {
    private let folder: PrivateFolder?
    private let builder: String
    private let suffix: String
    private let warn: Warn

    /// - Parameters:
    ///   - folder: made where it is missing; `nil` keeps nothing.
    ///   - builder: compiler, options and device: all that decides the code besides its source.
    ///   - suffix: ends the names of files: `spv`.
    ///   - warn: told of what is damaged or cannot be kept.
    package init(folder: String?, builder: String, suffix: String, warn: @escaping Warn = warnInLog) {
        self.builder = builder
        self.suffix = suffix
        self.warn = warn
        do throws(FileFault) {
            self.folder = if let folder { try PrivateFolder(path: folder) } else { nil }
        } catch {
            warn("compiled kernels are not kept: \(error)")
            self.folder = nil
        }
    }

    /// What was kept for `source`, whole; `nil` where it must be compiled.
    package func code(of source: String) -> [UInt8]? {
        guard let folder else { return nil }
        var code: UnsafeMutableRawBufferPointer?
        defer { code?.deallocate() }
        let finding = folder.read(name(of: source)) { count in
            code = .allocate(byteCount: count, alignment: 16)
            return code
        }
        switch finding {
        case .absent: return nil
        case .whole: return code.map(Array.init)
        case .damaged(let reason):
            warn("\(folder.path)/\(name(of: source)) \(reason): the kernel is compiled anew")
            return nil
        }
    }

    /// Whether code of `source` is to be kept and is not there.
    package func lacks(_ source: String) -> Bool { folder != nil && code(of: source) == nil }

    package func keep(_ code: [UInt8], of source: String) {
        guard let folder else { return }
        do throws(FileFault) {
            try code.withUnsafeBufferPointer { (code) throws(FileFault) in
                try folder.keep(UnsafeRawBufferPointer(code), as: name(of: source))
            }
        } catch {
            warn("a compiled kernel is not kept: \(error)")
        }
    }

    /// The number is that of the files' form; those of the first had no checksum.
    private func name(of source: String) -> String { "\(Checksum.name(of: "2\n\(builder)\n\(source)")).\(suffix)" }
}
