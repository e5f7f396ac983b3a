/// `stop`: one string or several.
struct StopStrings: Decodable {
    private static let countLimit = 16
    private static let byteLimit = 1024

    var strings: [String]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let string = try container.ifType(String.self) {
            strings = [string]
        } else if let several = try container.ifType([String].self) {
            strings = several
        } else {
            throw APIError.wrong(decoder.codingPath, "must be a string or an array of strings")
        }
        guard strings.count <= Self.countLimit else {
            throw APIError.wrong(decoder.codingPath, "must not have more than \(Self.countLimit) strings")
        }
        guard strings.allSatisfy({ (1...Self.byteLimit).contains($0.utf8.count) }) else {
            throw APIError.wrong(decoder.codingPath, "must have strings of 1 to \(Self.byteLimit) bytes")
        }
    }
}
