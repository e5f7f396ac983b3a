/// One piece of one of the answers to a chat request.
struct ChatChunkChoice: Encodable {
    struct Delta: Encodable {
        var role: String?
        var content: String?
    }

    var index: Int
    var delta: Delta
    @ExplicitNull var logprobs: ChatLogprobs?
    @ExplicitNull var finishReason: String?
}
