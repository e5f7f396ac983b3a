import Quantities

/// Masks that took long to compute, by state and vocabulary.
struct MaskCache: Sendable {
    struct Key: Hashable, Sendable {
        var state: AutomatonTables.State
        var vocabulary: ObjectIdentifier
    }

    /// Chosen: 4 MB at 128 thousand tokens; a text is in the same few states again and again.
    private static let limit = 256
    /// Chosen: about 10 us, as long as a mask takes to be copied and looked up.
    static let worthwhile = 4096

    private var masks: [Key: TokenMask] = [:]

    subscript(key: Key) -> TokenMask? {
        get { masks[key] }
        set {
            if masks.count >= Self.limit { masks.removeAll(keepingCapacity: true) }
            masks[key] = newValue
        }
    }
}

extension AutomatonTables {
    /// The tokens whose bytes may follow, ends of text left out.
    mutating func mask(_ state: State, _ trie: TokenTrie) -> TokenMask {
        let key = MaskCache.Key(state: state, vocabulary: trie.identity)
        if let known = masks[key] { return known }
        var mask = TokenMask(vocabulary: trie.vocabularySize)
        var looked = 0
        let isWhole = withinAllowance { tables in
            for part in trie.parts where !part.nodes.isEmpty {
                if let length = part.length, tables.allowsPlainText(state, length) {
                    mask.formUnion(part.tokens)
                } else {
                    looked += tables.walk(part, from: state, &mask)
                }
            }
        }
        for (token, twin) in trie.twins where mask.contains(twin) { mask.insert(token) }
        if looked >= MaskCache.worthwhile, isWhole { masks[key] = mask }
        return mask
    }

    /// - Returns: how many nodes were looked at.
    private mutating func walk(_ part: TokenTrie.Part, from state: State, _ mask: inout TokenMask) -> Int {
        // The state after each byte of the way to the node; at 0 before any.
        var path = [State](repeating: state, count: part.depth + 1)
        let nodes = part.nodes.span
        var (index, looked) = (0, 0)
        while index < nodes.count {
            let node = nodes[index]
            looked &+= 1
            let next = next(path[Int(node.depth) &- 1], node.byte)
            guard next != Self.dead else {
                index &+= Int(node.size)
                continue
            }
            path[Int(node.depth)] = next
            if node.token >= 0 { mask.insert(node.token) }
            index &+= 1
        }
        return looked
    }

    /// Whether any text of at most `length` characters that a string of JSON holds as they are may follow.
    private mutating func allowsPlainText(_ state: State, _ length: Int) -> Bool {
        var (reached, edge) = (Set([state]), [state])
        for _ in 0..<length {
            var fresh: Set<State> = []
            for state in edge { guard follow(state, &fresh) else { return false } }
            fresh.subtract(reached)
            if fresh.isEmpty { return true }
            reached.formUnion(fresh)
            edge = Array(fresh)
        }
        return true
    }

    /// Adds the states after each plain character; `false` where one of them may not follow.
    private mutating func follow(_ state: State, _ found: inout Set<State>) -> Bool {
        for sequence in JSONCharacters.plainBytes {
            var edge = [state]
            for range in sequence {
                var after: [State] = []
                for state in edge {
                    var last: UInt8?
                    for byte in range where classes[Int(byte)] != last {
                        last = classes[Int(byte)]
                        let next = next(state, byte)
                        guard next != Self.dead else { return false }
                        if !after.contains(next) { after.append(next) }
                    }
                }
                edge = after
            }
            found.formUnion(edge)
        }
        return true
    }
}
