/// The whole answer to a chat request.
struct ChatCompletion: Encodable {
    struct Message: Encodable {
        var role = "assistant"
        var content: String
        @ExplicitNull var refusal: String?
    }

    struct Choice: Encodable {
        var index: Int
        var message: Message
        @ExplicitNull var logprobs: ChatLogprobs?
        var finishReason: String
    }

    var id: String
    var object = "chat.completion"
    var created: Int
    var model: String
    var systemFingerprint: String
    var choices: [Choice]
    var usage: Usage

    init(_ header: AnswerHeader, choices: [Choice], usage: Usage) {
        (id, created, model) = (header.id, header.created, header.model)
        systemFingerprint = header.systemFingerprint
        self.choices = choices
        self.usage = usage
    }
}
