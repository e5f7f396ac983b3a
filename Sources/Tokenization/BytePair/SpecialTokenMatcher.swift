import Quantities

/// Finds the text of special tokens within text.
struct SpecialTokenMatcher: Sendable {
    /// The longest special token in bytes, so that a hostile vocabulary cannot make the search quadratic.
    static let longest = 1024

    private struct Node {
        var children: [UInt8: Int] = [:]
        var token: TokenID?
    }

    private var nodes = [Node()]

    mutating func insert(_ text: [UInt8], _ token: TokenID) {
        var node = 0
        for byte in text {
            if let child = nodes[node].children[byte] {
                node = child
            } else {
                nodes.append(Node())
                nodes[node].children[byte] = nodes.count - 1
                node = nodes.count - 1
            }
        }
        nodes[node].token = token
    }

    /// The first special token at or after `start`, the longest where several begin.
    func first(in text: [UInt8], from start: Int) -> (range: Range<Int>, token: TokenID)? {
        for position in start..<text.count {
            guard var node = nodes[0].children[text[position]] else { continue }
            var found: (range: Range<Int>, token: TokenID)?
            var end = position + 1
            while true {
                if let token = nodes[node].token { found = (position..<end, token) }
                guard end < text.count, let child = nodes[node].children[text[end]] else { break }
                node = child
                end += 1
            }
            if let found { return found }
        }
        return nil
    }
}
