extension KeyedDecodingContainer {
    /// The value of an optional field; `nil` when it is absent or null.
    ///
    /// The decoder meets a value that no Swift type can hold (1e999, half a surrogate pair) with an error of its own
    /// that knows no path; here it gets one.
    func field<Value: Decodable>(_ key: Key, as type: Value.Type = Value.self) throws -> Value? {
        do {
            return try decodeIfPresent(type, forKey: key)
        } catch {
            guard error is DecodingError || error is APIError else {
                throw wrong(key, "holds a value that cannot be represented")
            }
            throw error
        }
    }

    func number(_ key: Key, in range: ClosedRange<Double>) throws -> Double? {
        guard let value: Double = try field(key) else { return nil }
        guard range.contains(value) else {
            throw wrong(key, "must be between \(range.lowerBound) and \(range.upperBound)")
        }
        return value
    }

    func integer(_ key: Key, in range: ClosedRange<Int>) throws -> Int? {
        guard let value: Int = try field(key) else { return nil }
        guard range.contains(value) else {
            throw wrong(key, "must be between \(range.lowerBound) and \(range.upperBound)")
        }
        return value
    }

    func wrong(_ key: Key, _ problem: String) -> APIError { .wrong(codingPath + [key], problem) }
}

extension SingleValueDecodingContainer {
    /// The value when it has this type, `nil` when it has another: for fields that may have one of several.
    func ifType<Value: Decodable>(_ type: Value.Type) throws -> Value? {
        do {
            return try decode(type)
        } catch DecodingError.typeMismatch, DecodingError.valueNotFound {
            return nil
        }
    }
}
