import Files

/// A reading position in a file's header. Nothing is read before it is checked to be there, and no memory is taken for
/// what a header cannot have.
struct ByteCursor {
    /// What is being read, for the error.
    var subject = GGUFError.Subject.file
    private(set) var offset = 0
    private let file: OpenFile
    /// The bytes of the file from `windowStart` on.
    private var window: [UInt8] = []
    private var windowStart = 0

    /// Large enough that most headers take a handful of reads.
    private static let windowByteCount = 1 << 20

    init(_ file: OpenFile) { self.file = file }

    var remaining: Int { file.byteCount - offset }

    func error(_ code: GGUFError.Code, _ detail: String) -> GGUFError {
        GGUFError(code, subject, detail, at: offset, in: file.path)
    }

    /// Reads a little-endian number.
    mutating func number<T: BitwiseCopyable>(_ type: T.Type, _ what: StaticString) throws(GGUFError) -> T {
        let size = MemoryLayout<T>.size
        guard size <= remaining else {
            throw error(.truncated, "the file ends within \(what): \(size) bytes needed, \(remaining) left")
        }
        try fill(size)
        let start = offset - windowStart
        offset += size
        return window.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start, as: T.self) }
    }

    /// Reads a 64-bit count of things of at least `minimumSize` bytes each, which must all lie in the rest of the file
    /// and be at most `maximum`.
    mutating func count(_ what: StaticString, minimumSize: Int, maximum: Int) throws(GGUFError) -> Int {
        let count = try number(UInt64.self, what)
        guard count <= UInt64(remaining / minimumSize) else {
            throw error(.limitExceeded, "\(what) is \(count), but only \(remaining) bytes are left in the file")
        }
        guard count <= UInt64(maximum) else {
            throw error(.limitExceeded, "\(what) is \(count), more than \(maximum)")
        }
        return Int(count)
    }

    /// Reads a length and that many bytes of UTF-8.
    mutating func string(
        _ what: StaticString, maximum: Int = HeaderLimits.stringByteCount
    ) throws(GGUFError) -> String {
        let length = try count(what, minimumSize: 1, maximum: maximum)
        try fill(length)
        let start = offset - windowStart
        let string = window.withUnsafeBytes {
            String(validating: UnsafeRawBufferPointer(rebasing: $0[start..<start + length]), as: UTF8.self)
        }
        guard let string else { throw error(.invalidUTF8, "\(what) is not valid UTF-8") }
        offset += length
        return string
    }

    /// Reads `count` numbers whose presence `count(_:minimumSize:maximum:)` has already checked.
    mutating func numbers<T: BitwiseCopyable>(_ type: T.Type, count: Int) throws(GGUFError) -> [T] {
        let size = count * MemoryLayout<T>.size
        try fill(size)
        let start = offset - windowStart
        offset += size
        return window.withUnsafeBytes { window in
            [T](unsafeUninitializedCapacity: count) { buffer, initialized in
                UnsafeMutableRawBufferPointer(buffer)
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: window[start..<start + size]))
                initialized = count
            }
        }
    }

    /// Makes sure that the next `count` bytes, which the file has, are in the window.
    private mutating func fill(_ count: Int) throws(GGUFError) {
        guard offset + count > windowStart + window.count else { return }
        guard offset + count <= HeaderLimits.byteCount else {
            throw error(.limitExceeded, "metadata and descriptions take more than \(HeaderLimits.byteCount) bytes")
        }
        let size = min(max(count, Self.windowByteCount), remaining)
        let (file, offset) = (file, offset)
        window = try [UInt8](unsafeUninitializedCapacity: size) { (buffer, initialized) throws(GGUFError) in
            try GGUFError.wrap { () throws(FileFault) in
                try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            }
            initialized = size
        }
        windowStart = offset
    }
}

/// The most that a model file may claim, whatever its size: a sparse file costs nothing and can be of any size, and
/// memory is taken for what is claimed.
///
/// Each is several times what the largest models that are known have.
enum HeaderLimits {
    /// Some 2,000 where experts are stacked, 40,000 where each stands alone.
    static let tensors = 1 << 17
    /// 30 to 60 are usual.
    static let keys = 1 << 12
    /// Of metadata and descriptions together: 262,144 tokens with their merges take 15 MB, a whole `tokenizer.json`
    /// in one value 30 MB.
    static let byteCount = 256 << 20
    /// A value that is a string.
    static let stringByteCount = 64 << 20
    /// A token of a vocabulary, or another string in an array.
    static let elementByteCount = 1 << 16
    /// Arrays in arrays: no known model has any, and each takes far more memory than its bytes in the file.
    static let innerArrays = 1 << 12

    /// Elements of the array under `key`. Vocabularies have up to 1,000,000 tokens and as many merges; other arrays
    /// have an element for each layer.
    static func elements(of key: String) -> Int { key.hasPrefix("tokenizer.") ? 1 << 21 : 1 << 16 }
}
