/// A reading position in the bytes of a file. Nothing is read before it is checked to be there.
struct ByteCursor {
    /// What is being read, for the error.
    var subject = GGUFError.Subject.file
    private(set) var offset = 0
    private let bytes: UnsafeRawBufferPointer
    private let path: String

    init(_ bytes: UnsafeRawBufferPointer, path: String) {
        self.bytes = bytes
        self.path = path
    }

    var remaining: Int { bytes.count - offset }

    func error(_ code: GGUFError.Code, _ detail: String) -> GGUFError {
        GGUFError(code, subject, detail, at: offset, in: path)
    }

    /// Reads a little-endian number.
    mutating func number<T: BitwiseCopyable>(_ type: T.Type, _ what: StaticString) throws(GGUFError) -> T {
        let size = MemoryLayout<T>.size
        guard size <= remaining else {
            throw error(.truncated, "the file ends within \(what): \(size) bytes needed, \(remaining) left")
        }
        defer { offset += size }
        return bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
    }

    /// Reads a 64-bit count of things of at least `minimumSize` bytes each that must all lie in the rest of the file.
    mutating func count(_ what: StaticString, minimumSize: Int) throws(GGUFError) -> Int {
        let count = try number(UInt64.self, what)
        guard count <= UInt64(remaining / minimumSize) else {
            throw error(.limitExceeded, "\(what) is \(count), but only \(remaining) bytes are left in the file")
        }
        return Int(count)
    }

    /// Reads a length and that many bytes of UTF-8.
    mutating func string(_ what: StaticString, maximum: Int = .max) throws(GGUFError) -> String {
        let length = try count(what, minimumSize: 1)
        guard length <= maximum else {
            throw error(.limitExceeded, "\(what) has \(length) bytes, more than \(maximum)")
        }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
        guard let string = String(validating: slice, as: UTF8.self) else {
            throw error(.invalidUTF8, "\(what) is not valid UTF-8")
        }
        offset += length
        return string
    }

    /// Reads `count` numbers whose presence `count(_:minimumSize:)` has already checked.
    mutating func numbers<T: BitwiseCopyable>(_ type: T.Type, count: Int) -> [T] {
        precondition(count <= remaining / MemoryLayout<T>.size, "array beyond the file")
        let size = count * MemoryLayout<T>.size
        let source = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + size])
        offset += size
        return [T](unsafeUninitializedCapacity: count) { buffer, initialized in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(from: source)
            initialized = count
        }
    }
}
