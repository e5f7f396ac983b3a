/// An answer of OpenAI's API, whole or one piece of a stream.
struct Answer<Choice: Encodable>: Encodable {
    var id: String
    /// What kind of answer it is, as in `chat.completion`.
    var object: String
    var created: Int
    var model: String
    var systemFingerprint: String
    var choices: [Choice]
    /// Absent in all pieces of a stream but its last.
    var usage: Usage?

    init(_ object: String, _ header: AnswerHeader, choices: [Choice], usage: Usage? = nil) {
        (id, created, model) = (header.id, header.created, header.model)
        systemFingerprint = header.systemFingerprint
        self.object = object
        self.choices = choices
        self.usage = usage
    }
}
