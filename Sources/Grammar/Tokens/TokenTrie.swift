package import Quantities

/// A vocabulary's tokens as a tree of their bytes, in the order in which a walk meets them. Made once for each
/// vocabulary.
///
/// Most tokens are text that may stand in any string of JSON. They are in trees of their own: where a grammar allows
/// all such text, which is seen without the tokens, they are allowed together.
///
/// Source: the slices of llguidance (Microsoft, 2024).
package struct TokenTrie: Sendable {
    /// A byte of a token, after those before it.
    struct Node: Sendable {
        /// The token that ends here, or -1.
        var token: TokenID = -1
        /// This node and all below it, which stand behind it.
        var size: UInt32 = 1
        /// How many bytes lead here, this one too.
        var depth: UInt16
        var byte: UInt8
    }

    /// A part of the tokens.
    struct Part: Sendable {
        var nodes: [Node]
        var depth: Int
        var tokens: TokenMask
        /// The tokens have no other characters than a string of JSON holds as they are, and at most so many; `nil` of
        /// the rest.
        var length: Int?
    }

    /// Chosen: nearly all words, and by far the most text; longer tokens are few and cheap. As llguidance.
    private static let lengths = [10, 30]
    /// Chosen: longer than any token of a real vocabulary; such tokens are never allowed.
    private static let byteLimit = 1024

    let parts: [Part]
    /// Tokens with the same bytes as another, which is in the trees.
    let twins: [(token: TokenID, twin: TokenID)]
    let endTokens: [TokenID]
    /// Tells vocabularies apart.
    let identity: ObjectIdentifier
    private let owner: Owner
    package let vocabularySize: Int

    private final class Owner: Sendable {}

    /// - Parameters:
    ///   - tokens: the bytes of each token; those without bytes are never allowed.
    ///   - endTokens: those that end a text, whatever their bytes.
    /// - Complexity: O(bytes · log tokens); about a tenth of a second for 128 thousand tokens.
    package init(_ tokens: [[UInt8]], endTokens: some Sequence<TokenID>) {
        let ends = Set(endTokens)
        vocabularySize = tokens.count
        self.endTokens = ends.filter { tokens.indices.contains(Int($0)) }.sorted()
        owner = Owner()
        identity = ObjectIdentifier(owner)
        let lengths: [Int?] = Self.lengths + [nil]
        var members = [[TokenID]](repeating: [], count: lengths.count)
        for (id, bytes) in tokens.enumerated()
        where !bytes.isEmpty && bytes.count <= Self.byteLimit && !ends.contains(TokenID(id)) {
            let length = Self.plainLength(bytes)
            let part = lengths.firstIndex { most in most.map { most in length.map { $0 <= most } ?? false } ?? true }
            members[part ?? lengths.count - 1].append(TokenID(id))
        }
        var twins: [(token: TokenID, twin: TokenID)] = []
        parts = zip(lengths, members).map { Self.part($1, tokens, length: $0, &twins) }
        self.twins = twins
    }

    /// The characters of a text that a string of JSON holds as they are; `nil` of other bytes.
    private static func plainLength(_ bytes: [UInt8]) -> Int? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        guard text.unicodeScalars.allSatisfy({ JSONCharacters.plain.contains($0.value) }) else { return nil }
        return text.unicodeScalars.count
    }

    private static func part(
        _ members: [TokenID], _ tokens: [[UInt8]], length: Int?, _ twins: inout [(token: TokenID, twin: TokenID)]
    ) -> Part {
        let sorted = members.sorted { a, b in
            tokens[Int(a)].lexicographicallyPrecedes(tokens[Int(b)]) || (tokens[Int(a)] == tokens[Int(b)] && a < b)
        }
        var part = Part(nodes: [], depth: 0, tokens: TokenMask(vocabulary: tokens.count), length: length)
        // The nodes that lead to the last token.
        var path: [Int] = []
        var previous: TokenID?
        for token in sorted {
            part.tokens.insert(token)
            let bytes = tokens[Int(token)]
            if let previous, tokens[Int(previous)] == bytes {
                twins.append((token, previous))
                continue
            }
            let common = previous.map { zip(tokens[Int($0)], bytes).prefix { $0 == $1 }.count } ?? 0
            for node in path[common...] { part.nodes[node].size = UInt32(part.nodes.count - node) }
            path.removeSubrange(common...)
            for index in common..<bytes.count {
                path.append(part.nodes.count)
                part.nodes.append(Node(depth: UInt16(index + 1), byte: bytes[index]))
            }
            part.nodes[part.nodes.count - 1].token = token
            part.depth = max(part.depth, bytes.count)
            previous = token
        }
        for node in path { part.nodes[node].size = UInt32(part.nodes.count - node) }
        return part
    }
}
