import Foundation

/// What all chunks of one answer have in common.
struct AnswerHeader: Sendable {
    var id: String
    /// Seconds since 1970.
    var created: Int
    var model: String
    var systemFingerprint: String

    /// - Parameter prefix: says what kind of answer it is, as in `chatcmpl`.
    init(prefix: String, model: String, version: String) {
        id = "\(prefix)-\(Identifier.random())"
        created = Int(Date().timeIntervalSince1970)
        self.model = model
        systemFingerprint = "weft-\(version)"
    }
}

/// Names for requests and answers that no two share.
enum Identifier {
    /// 32 hexadecimal digits.
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
