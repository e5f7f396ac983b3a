extension GGUFMetadata {
    /// The string of `key`.
    ///
    /// - Throws: `GGUFError` with code `missingKey` or `wrongType`, like all getters here.
    package func string(_ key: String) throws(GGUFError) -> String {
        try required(stringIfPresent(key), key)
    }

    /// The string of `key`, or `nil` if the file has no such key.
    ///
    /// - Throws: `GGUFError` with code `wrongType` if it is something else, like all optional getters here.
    package func stringIfPresent(_ key: String) throws(GGUFError) -> String? {
        guard let value = self[key] else { return nil }
        guard case .string(let string) = value else { throw wrongType(key, value, "a string") }
        return string
    }

    /// The boolean of `key`.
    package func bool(_ key: String) throws(GGUFError) -> Bool {
        try required(boolIfPresent(key), key)
    }

    /// The boolean of `key`, or `nil` if the file has no such key.
    package func boolIfPresent(_ key: String) throws(GGUFError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard case .bool(let bool) = value else { throw wrongType(key, value, "a boolean") }
        return bool
    }

    /// The number of `key`, stored in any integer type.
    ///
    /// - Parameter range: what the caller can work with, so that a hostile count is refused where it is read.
    /// - Throws: `GGUFError` with code `missingKey`, `wrongType`, or `outOfRange` if the number is not in `range`.
    package func integer(_ key: String, in range: ClosedRange<Int> = .min ... .max) throws(GGUFError) -> Int {
        try required(integerIfPresent(key, in: range), key)
    }

    /// The number of `key`, stored in any integer type, or `nil` if the file has no such key.
    ///
    /// - Throws: `GGUFError` with code `wrongType`, or `outOfRange` if the number is not in `range`.
    package func integerIfPresent(
        _ key: String, in range: ClosedRange<Int> = .min ... .max
    ) throws(GGUFError) -> Int? {
        guard let value = self[key] else { return nil }
        let number: Int
        switch value {
        case .uint8(let stored): number = Int(stored)
        case .int8(let stored): number = Int(stored)
        case .uint16(let stored): number = Int(stored)
        case .int16(let stored): number = Int(stored)
        case .uint32(let stored): number = Int(stored)
        case .int32(let stored): number = Int(stored)
        case .int64(let stored): number = Int(stored)
        case .uint64(let stored):
            guard let fitting = Int(exactly: stored) else { throw error(.outOfRange, key, "\(stored) is too large") }
            number = fitting
        default: throw wrongType(key, value, "an integer")
        }
        guard range.contains(number) else {
            throw error(.outOfRange, key, "\(number) is not in \(range.lowerBound)...\(range.upperBound)")
        }
        return number
    }

    /// The number of `key`, stored as 32-bit or 64-bit floating point.
    package func float(_ key: String) throws(GGUFError) -> Float {
        try required(floatIfPresent(key), key)
    }

    /// The number of `key`, stored as 32-bit or 64-bit floating point, or `nil` if the file has no such key.
    package func floatIfPresent(_ key: String) throws(GGUFError) -> Float? {
        switch self[key] {
        case nil: return nil
        case .float32(let stored): return stored
        case .float64(let stored): return Float(stored)
        case .some(let value): throw wrongType(key, value, "a floating-point number")
        }
    }

    func required<T>(_ value: T?, _ key: String) throws(GGUFError) -> T {
        guard let value else { throw error(.missingKey, key, "the file has no such key") }
        return value
    }

    func wrongType(_ key: String, _ value: MetadataValue, _ wanted: String) -> GGUFError {
        error(.wrongType, key, "the value is of type \(value.typeName), not \(wanted)")
    }
}
