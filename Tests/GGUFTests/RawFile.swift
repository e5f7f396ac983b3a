/// The bytes of a model file, put together by hand so that anything can be wrong with them.
struct RawFile {
    var bytes: [UInt8] = Array("GGUF".utf8)

    init(version: UInt32 = 3, tensors: UInt64, keys: UInt64) {
        add(version)
        add(tensors)
        add(keys)
    }

    mutating func add<T: FixedWidthInteger>(_ number: T) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func add(_ string: String) {
        add(Array(string.utf8))
    }

    mutating func add(_ text: [UInt8]) {
        add(UInt64(text.count))
        bytes += text
    }

    /// A key and the type of the value that follows.
    mutating func add(key: String, type: UInt32) {
        add(key)
        add(type)
    }

    mutating func add(tensor name: String, shape: [UInt64], type: UInt32, offset: UInt64) {
        add(name)
        add(UInt32(shape.count))
        for length in shape { add(length) }
        add(type)
        add(offset)
    }

    mutating func pad(to alignment: Int = 32, data: Int) {
        while bytes.count % alignment != 0 { bytes.append(0) }
        bytes += [UInt8](repeating: 0, count: data)
    }

    /// A file with no tensors whose keys are written by `body`.
    static func metadata(keys: UInt64 = 1, _ body: (inout RawFile) -> Void) -> [UInt8] {
        var file = RawFile(tensors: 0, keys: keys)
        body(&file)
        file.pad(data: 0)
        return file.bytes
    }

    /// A file with no keys, the tensors written by `body`, and `data` bytes of data.
    static func tensors(_ count: UInt64 = 1, data: Int = 256, _ body: (inout RawFile) -> Void) -> [UInt8] {
        var file = RawFile(tensors: count, keys: 0)
        body(&file)
        file.pad(data: data)
        return file.bytes
    }
}
