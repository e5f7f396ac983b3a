/// Turns tokens into text as they come, never splitting a UTF-8 character.
public struct StreamingDetokenizer: Sendable {
    private let tokenizer: any Tokenizer
    private let rendersSpecial: Bool
    private var pending: [UInt8] = []

    public init(_ tokenizer: any Tokenizer, rendersSpecial: Bool = false) {
        self.tokenizer = tokenizer
        self.rendersSpecial = rendersSpecial
    }
}
