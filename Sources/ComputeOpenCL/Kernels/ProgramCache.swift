import Crypto
import Foundation

/// Compiled programs in files, named by source, options, device and driver; a digest of each binary stands before it.
struct ProgramCache: Sendable {
    private let directory: URL
    private let builder: String

    /// - Parameter builder: all that decides a binary besides its source.
    init(directory: String, builder: String) {
        self.directory = URL(fileURLWithPath: directory, isDirectory: true)
        self.builder = builder
    }

    /// What was kept for `source`; a file that was damaged counts as none, as drivers may not survive a bad binary.
    func binary(of source: String) -> [UInt8]? {
        guard let data = try? Data(contentsOf: file(for: source)) else { return nil }
        let binary = data.dropFirst(SHA256.byteCount)
        return Array(SHA256.hash(data: binary)) == Array(data.prefix(SHA256.byteCount)) ? Array(binary) : nil
    }

    /// A cache that cannot be written costs time at the next start, nothing else.
    func keep(_ binary: [UInt8], of source: String) {
        try? FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try? (Data(SHA256.hash(data: binary)) + binary).write(to: file(for: source), options: .atomic)
    }

    private func file(for source: String) -> URL {
        let name = SHA256.hash(data: Data("\(builder)\n\(source)".utf8)).prefix(16).map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
        return directory.appendingPathComponent("\(name).clbin")
    }
}
