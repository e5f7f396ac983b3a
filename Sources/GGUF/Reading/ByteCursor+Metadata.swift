extension ByteCursor {
    /// Reads `count` keys with their values.
    mutating func metadata(count: Int, path: String) throws(GGUFError) -> GGUFMetadata {
        var metadata = GGUFMetadata(path: path)
        for _ in 0..<count {
            subject = .file
            let key = try string("a metadata key", maximum: GGUFMetadata.maximumKeyLength)
            subject = .key(key)
            guard metadata[key] == nil else { throw error(.duplicateKey, "the key occurs twice") }
            metadata[key] = try value(maximum: HeaderLimits.elements(of: key))
        }
        subject = .file
        return metadata
    }

    private mutating func valueType() throws(GGUFError) -> MetadataType {
        let raw = try number(UInt32.self, "a value type")
        guard let type = MetadataType(rawValue: raw) else {
            throw error(.unknownValueType, "\(raw) is not a type of value (0 to 12)")
        }
        return type
    }

    /// - Parameter maximum: the most elements that an array may have.
    private mutating func value(maximum: Int) throws(GGUFError) -> MetadataValue {
        switch try valueType() {
        case .uint8: .uint8(try number(UInt8.self, "a value"))
        case .int8: .int8(try number(Int8.self, "a value"))
        case .uint16: .uint16(try number(UInt16.self, "a value"))
        case .int16: .int16(try number(Int16.self, "a value"))
        case .uint32: .uint32(try number(UInt32.self, "a value"))
        case .int32: .int32(try number(Int32.self, "a value"))
        case .float32: .float32(try number(Float.self, "a value"))
        case .bool: .bool(try bool(number(UInt8.self, "a value")))
        case .string: .string(try string("a string"))
        case .array: .array(try array(maximum: maximum, depth: 1))
        case .uint64: .uint64(try number(UInt64.self, "a value"))
        case .int64: .int64(try number(Int64.self, "a value"))
        case .float64: .float64(try number(Double.self, "a value"))
        }
    }

    private func bool(_ byte: UInt8) throws(GGUFError) -> Bool {
        guard byte <= 1 else { throw error(.invalidBool, "a boolean is \(byte), neither 0 nor 1") }
        return byte == 1
    }

    private mutating func array(maximum: Int, depth: Int) throws(GGUFError) -> MetadataArray {
        // No known model nests arrays at all; recursion must end somewhere.
        guard depth <= 4 else { throw error(.nestingTooDeep, "arrays are nested more than 4 deep") }
        let type = try valueType()
        let most = type == .array ? min(maximum, HeaderLimits.innerArrays) : maximum
        let count = try count("the length of an array", minimumSize: type.minimumSize, maximum: most)
        switch type {
        case .uint8: return .uint8(try numbers(UInt8.self, count: count))
        case .int8: return .int8(try numbers(Int8.self, count: count))
        case .uint16: return .uint16(try numbers(UInt16.self, count: count))
        case .int16: return .int16(try numbers(Int16.self, count: count))
        case .uint32: return .uint32(try numbers(UInt32.self, count: count))
        case .int32: return .int32(try numbers(Int32.self, count: count))
        case .float32: return .float32(try numbers(Float.self, count: count))
        case .bool:
            return .bool(try numbers(UInt8.self, count: count).map { (byte) throws(GGUFError) in try bool(byte) })
        case .string: return .string(try strings(count: count))
        case .array: return .array(try arrays(count: count, maximum: most / max(1, count), depth: depth + 1))
        case .uint64: return .uint64(try numbers(UInt64.self, count: count))
        case .int64: return .int64(try numbers(Int64.self, count: count))
        case .float64: return .float64(try numbers(Double.self, count: count))
        }
    }

    private mutating func strings(count: Int) throws(GGUFError) -> [String] {
        var strings: [String] = []
        strings.reserveCapacity(count)
        for _ in 0..<count {
            strings.append(try string("a string of an array", maximum: HeaderLimits.elementByteCount))
        }
        return strings
    }

    /// - Parameter maximum: the most elements that each may have, so that all levels together stay bounded.
    private mutating func arrays(count: Int, maximum: Int, depth: Int) throws(GGUFError) -> [MetadataArray] {
        var arrays: [MetadataArray] = []
        for _ in 0..<count { arrays.append(try array(maximum: maximum, depth: depth)) }
        return arrays
    }
}
