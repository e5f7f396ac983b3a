/// One piece of a streamed answer to a chat request.
struct ChatCompletionChunk: Encodable {
    struct Delta: Encodable {
        var role: String?
        var content: String?
    }

    struct Choice: Encodable {
        var index: Int
        var delta: Delta
        @ExplicitNull var logprobs: ChatLogprobs?
        @ExplicitNull var finishReason: String?
    }

    var id: String
    var object = "chat.completion.chunk"
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
