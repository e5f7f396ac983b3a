import Quantities
import Tokenization

/// A token with what it stands for: its text, or its bytes where they are not text by themselves.
struct TokenPiece: Encodable {
    private enum CodingKeys: CodingKey { case id, piece }

    var id: TokenID
    var bytes: [UInt8]

    init(_ id: TokenID, _ tokenizer: any Tokenizer) {
        self.id = id
        bytes = tokenizer.bytes(of: id, rendersSpecial: true)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        if let text = String(validating: bytes, as: UTF8.self) {
            try container.encode(text, forKey: .piece)
        } else {
            try container.encode(bytes, forKey: .piece)
        }
    }
}
