/// One of the answers to a chat request, whole.
struct ChatChoice: Encodable {
    struct Message: Encodable {
        var role = "assistant"
        var content: String
        @ExplicitNull var refusal: String?
    }

    var index: Int
    var message: Message
    @ExplicitNull var logprobs: ChatLogprobs?
    var finishReason: String
}
