import Quantities
import Tokenization

/// One token a byte, an end-of-text token, and a token that begins a text.
struct ByteTokenizer: Tokenizer {
    static let end: TokenID = 256
    static let beginning: TokenID = 257

    let vocabularySize = 258
    let endOfTextTokens: Set<TokenID> = [Self.end]

    func encode(_ text: String, parsesSpecial: Bool, addsSpecial: Bool) -> [TokenID] {
        let start: [TokenID] = addsSpecial ? [Self.beginning] : []
        guard parsesSpecial, text.hasSuffix("<end>") else { return start + text.utf8.map { TokenID($0) } }
        return start + text.utf8.dropLast(5).map { TokenID($0) } + [Self.end]
    }

    func encode(_ first: String, and second: String) -> [TokenID] {
        [Self.beginning] + first.utf8.map { TokenID($0) } + [Self.end] + second.utf8.map { TokenID($0) } + [Self.end]
    }

    func bytes(of token: TokenID, rendersSpecial: Bool) -> [UInt8] {
        switch token {
        case Self.end: rendersSpecial ? Array("<end>".utf8) : []
        case Self.beginning: rendersSpecial ? Array("<begin>".utf8) : []
        default: [UInt8(token)]
        }
    }

    static func text(_ tokens: [TokenID]) -> String {
        String(decoding: tokens.flatMap { ByteTokenizer().bytes(of: $0, rendersSpecial: true) }, as: UTF8.self)
    }
}
