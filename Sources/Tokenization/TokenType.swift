/// What kind of token an entry of a vocabulary is, by the numbers of `tokenizer.ggml.token_type`.
package enum TokenType: Int32, Sendable {
    case normal = 1
    case unknown = 2
    /// Steers the model and is no text: `<|im_start|>`.
    case control = 3
    /// Text that is never merged or split.
    case userDefined = 4
    case unused = 5
    /// One byte, spelt `<0x0A>`.
    case byte = 6
}
