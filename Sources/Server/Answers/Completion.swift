/// The answer to a completion request, whole or one piece of it: OpenAI gives both the same shape.
struct Completion: Encodable {
    struct Choice: Encodable {
        var index: Int
        var text: String
        @ExplicitNull var logprobs: CompletionLogprobs?
        @ExplicitNull var finishReason: String?
    }

    var id: String
    var object = "text_completion"
    var created: Int
    var model: String
    var systemFingerprint: String
    var choices: [Choice]
    var usage: Usage?

    init(_ header: AnswerHeader, choices: [Choice], usage: Usage? = nil) {
        (id, created, model) = (header.id, header.created, header.model)
        systemFingerprint = header.systemFingerprint
        self.choices = choices
        self.usage = usage
    }
}
