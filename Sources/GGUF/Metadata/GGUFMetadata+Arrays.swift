extension GGUFMetadata {
    /// The strings of `key`.
    ///
    /// - Throws: `GGUFError` with code `missingKey` or `wrongType`, like all getters here.
    package func strings(_ key: String) throws(GGUFError) -> [String] {
        try required(stringsIfPresent(key), key)
    }

    /// The strings of `key`, or `nil` if the file has no such key.
    ///
    /// - Throws: `GGUFError` with code `wrongType` if it is something else, like all optional getters here.
    package func stringsIfPresent(_ key: String) throws(GGUFError) -> [String]? {
        guard let value = self[key] else { return nil }
        guard case .array(.string(let strings)) = value else { throw wrongType(key, value, "an array of strings") }
        return strings
    }

    /// The numbers of `key`, stored in any integer type.
    ///
    /// - Throws: `GGUFError` with code `missingKey`, `wrongType`, or `outOfRange` for a number beyond 63 bits.
    package func integers(_ key: String) throws(GGUFError) -> [Int] {
        try required(integersIfPresent(key), key)
    }

    /// The numbers of `key`, stored in any integer type, or `nil` if the file has no such key.
    package func integersIfPresent(_ key: String) throws(GGUFError) -> [Int]? {
        guard let value = self[key] else { return nil }
        guard case .array(let array) = value else { throw wrongType(key, value, "an array of integers") }
        switch array {
        case .uint8(let stored): return stored.map { Int($0) }
        case .int8(let stored): return stored.map { Int($0) }
        case .uint16(let stored): return stored.map { Int($0) }
        case .int16(let stored): return stored.map { Int($0) }
        case .uint32(let stored): return stored.map { Int($0) }
        case .int32(let stored): return stored.map { Int($0) }
        case .int64(let stored): return stored.map { Int($0) }
        case .uint64(let stored):
            guard let largest = stored.max(), largest > UInt64(Int.max) else { return stored.map { Int($0) } }
            throw error(.outOfRange, key, "\(largest) is too large")
        default: throw wrongType(key, value, "an array of integers")
        }
    }

    /// The numbers of `key`, stored as 32-bit or 64-bit floating point.
    package func floats(_ key: String) throws(GGUFError) -> [Float] {
        try required(floatsIfPresent(key), key)
    }

    /// The numbers of `key`, stored as 32-bit or 64-bit floating point, or `nil` if the file has no such key.
    package func floatsIfPresent(_ key: String) throws(GGUFError) -> [Float]? {
        switch self[key] {
        case nil: return nil
        case .array(.float32(let stored)): return stored
        case .array(.float64(let stored)): return stored.map { Float($0) }
        case .some(let value): throw wrongType(key, value, "an array of floating-point numbers")
        }
    }
}
