/// One of the answers to a completion request, whole or a piece of it: OpenAI gives both the same shape.
struct CompletionChoice: Encodable {
    var index: Int
    var text: String
    @ExplicitNull var logprobs: CompletionLogprobs?
    @ExplicitNull var finishReason: String?
}
