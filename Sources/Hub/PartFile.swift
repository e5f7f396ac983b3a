import Crypto
import Files
import Foundation

/// The part of a file that has come so far, `NAME.part`, and beside it, in `NAME.part.json`, what it is of.
///
/// One process has it at a time, by a lock that ends with the process.
final class PartFile {
    /// What is written beside the bytes.
    struct Origin: Codable, Hashable {
        /// The address of the file.
        var url: String
        var version: Download.Version
    }

    let path: String
    private let finalPath: String
    private let descriptor: CInt
    private var hash = SHA256()
    private(set) var origin: Origin?

    private var originPath: String { path + ".json" }
    /// Chosen: few calls, and little memory.
    private static let pieceBytes = 1 << 20

    /// Opens what an earlier attempt left, or begins anew.
    ///
    /// - Parameter path: of the whole file.
    /// - Throws: `HubError.busy`, `HubError.disk`.
    init(of path: String) throws(HubError) {
        finalPath = path
        self.path = path + ".part"
        let descriptor = open(self.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
        guard descriptor >= 0 else { throw .system("cannot create", self.path) }
        self.descriptor = descriptor
        // From here on `deinit` closes the descriptor, whatever is thrown.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .busy(path: path) }
        origin = FileManager.default.contents(atPath: originPath).flatMap {
            try? JSONDecoder().decode(Origin.self, from: $0)
        }
    }

    deinit { close(descriptor) }

    /// Takes the bytes that are there into account.
    ///
    /// - Returns: how many there are.
    func resume() throws(HubError) -> Int {
        hash = SHA256()
        var piece = [UInt8](repeating: 0, count: Self.pieceBytes)
        var count = 0
        while true {
            let read = pread(descriptor, &piece, piece.count, count)
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { throw .system("cannot read", path) }
            if read == 0 { return count }
            hash.update(data: piece[..<read])
            count += read
        }
    }

    /// Forgets all bytes.
    func restart() throws(HubError) {
        guard ftruncate(descriptor, 0) == 0 else { throw .system("cannot cut", path) }
        hash = SHA256()
    }

    func append(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(HubError) {
        var (rest, offset) = (bytes, offset)
        while !rest.isEmpty {
            let written = pwrite(descriptor, rest.baseAddress, rest.count, offset)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw .system("cannot write", path) }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            offset += written
        }
        hash.update(bufferPointer: bytes)
    }

    /// Notes what the bytes are of.
    func note(_ origin: Origin) throws(HubError) {
        guard origin != self.origin else { return }
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let json = try encoder.encode(origin)
            let file = try TemporaryFile(for: originPath)
            try file.write(json.span.bytes)
            try file.commit(durably: false)
        } catch { throw .disk("\(error)") }
        self.origin = origin
    }

    /// Of all bytes, in hexadecimal digits.
    var sha256: String { hash.finalize().hexadecimal }

    /// Puts the file in its place.
    func commit() throws(HubError) {
        guard fsync(descriptor) == 0 else { throw .system("cannot write", path) }
        guard rename(path, finalPath) == 0 else { throw .system("cannot rename", path) }
        unlink(originPath)
    }

    func remove() {
        unlink(path)
        unlink(originPath)
    }
}

extension HubError {
    /// The failure of the call just made, from `errno`.
    fileprivate static func system(_ what: String, _ path: String) -> HubError {
        .disk("\(what) \(path): \(String(cString: strerror(errno)))")
    }
}

extension Sequence<UInt8> {
    fileprivate var hexadecimal: String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// The SHA-256 of a whole file in hexadecimal digits.
func sha256(ofFile path: String) throws(HubError) -> String {
    do throws(FileFault) {
        let file = try OpenFile(path: path)
        var hash = SHA256()
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        while offset < file.byteCount {
            let count = min(piece.count, file.byteCount - offset)
            try piece.withUnsafeMutableBufferPointer { (bytes) throws(FileFault) in
                let bytes = UnsafeMutableRawBufferPointer(bytes)
                try file.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]), at: offset)
            }
            hash.update(data: piece[..<count])
            offset += count
        }
        return hash.finalize().hexadecimal
    } catch { throw .disk("\(error)") }
}
