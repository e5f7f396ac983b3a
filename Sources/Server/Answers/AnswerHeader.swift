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
