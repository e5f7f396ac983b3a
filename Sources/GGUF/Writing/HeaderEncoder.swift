/// Builds the bytes before the tensor data.
struct HeaderEncoder {
    private(set) var bytes: [UInt8] = []

    mutating func append<T: BitwiseCopyable>(_ number: T) {
        withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ string: String) {
        append(UInt64(string.utf8.count))
        bytes.append(contentsOf: string.utf8)
    }

    /// Appends a value with its type before it.
    mutating func append(_ value: MetadataValue) {
        append(value.type.rawValue)
        switch value {
        case .uint8(let number): append(number)
        case .int8(let number): append(number)
        case .uint16(let number): append(number)
        case .int16(let number): append(number)
        case .uint32(let number): append(number)
        case .int32(let number): append(number)
        case .float32(let number): append(number)
        case .bool(let bool): append(UInt8(bool ? 1 : 0))
        case .string(let string): append(string)
        case .array(let array): append(array)
        case .uint64(let number): append(number)
        case .int64(let number): append(number)
        case .float64(let number): append(number)
        }
    }

    private mutating func append(_ array: MetadataArray) {
        append(array.elementType.rawValue)
        append(UInt64(array.count))
        switch array {
        case .uint8(let numbers): append(all: numbers)
        case .int8(let numbers): append(all: numbers)
        case .uint16(let numbers): append(all: numbers)
        case .int16(let numbers): append(all: numbers)
        case .uint32(let numbers): append(all: numbers)
        case .int32(let numbers): append(all: numbers)
        case .float32(let numbers): append(all: numbers)
        case .bool(let bools): append(all: bools.map { UInt8($0 ? 1 : 0) })
        case .string(let strings): for string in strings { append(string) }
        case .array(let arrays): for array in arrays { append(array) }
        case .uint64(let numbers): append(all: numbers)
        case .int64(let numbers): append(all: numbers)
        case .float64(let numbers): append(all: numbers)
        }
    }

    private mutating func append<T: BitwiseCopyable>(all numbers: [T]) {
        numbers.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    mutating func pad(toMultipleOf alignment: Int) {
        let size = bytes.count.roundedUp(toMultipleOf: alignment)
        bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
    }
}
