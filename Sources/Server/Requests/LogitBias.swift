/// `logit_bias`: token ids, written as strings, to what is added to their logits.
struct LogitBias: Decodable {
    private static let entryLimit = 1024

    var biases: [Int32: Float] = [:]

    init(from decoder: any Decoder) throws {
        let entries = try decoder.singleValueContainer().decode([String: Double].self)
        guard entries.count <= Self.entryLimit else {
            throw APIError.wrong(decoder.codingPath, "must not have more than \(Self.entryLimit) entries")
        }
        for (key, bias) in entries {
            guard let token = Int32(key), token >= 0 else {
                throw APIError.wrong(decoder.codingPath, "has the key `\(key.abridged)`, which is no token id")
            }
            guard (-100...100).contains(bias) else {
                throw APIError.wrong(decoder.codingPath, "must have values between -100 and 100")
            }
            biases[token] = Float(bias)
        }
    }
}
