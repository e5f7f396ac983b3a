private import HeapModule
import Quantities

/// Merges the tokens of one word after another, keeping its storage in between.
///
/// The pair of lowest rank goes first, the leftmost of equals before the others (Sennrich et al. 2016). Candidates wait
/// in a heap and are dropped when one of their sides has meanwhile become part of another token: O(n log n) for a word
/// of n bytes.
struct BytePairMerger {
    private struct Node {
        /// Nil once the token is a part of its left neighbour.
        var token: TokenID?
        var previous: Int
        var next: Int
    }

    private struct Candidate: Comparable {
        let rank: Int
        let left: Int

        static func < (a: Self, b: Self) -> Bool { (a.rank, a.left) < (b.rank, b.left) }
    }

    private let table: MergeTable
    private var nodes: [Node] = []
    private var candidates = Heap<Candidate>()

    init(_ table: MergeTable) { self.table = table }

    /// Appends the tokens of a word, given as one token a byte, to `result`.
    mutating func merge(_ word: some Sequence<TokenID>, into result: inout [TokenID]) {
        nodes.removeAll(keepingCapacity: true)
        for token in word {
            nodes.append(Node(token: token, previous: nodes.count - 1, next: nodes.count + 1))
        }
        for left in nodes.indices { consider(left) }
        while let candidate = candidates.popMin() { apply(candidate) }
        result.append(contentsOf: nodes.lazy.compactMap(\.token))
    }

    private mutating func consider(_ left: Int) {
        guard nodes.indices.contains(left), nodes[left].next < nodes.count,
            let first = nodes[left].token, let second = nodes[nodes[left].next].token,
            let rank = table.rank(of: first, second)
        else { return }
        candidates.insert(Candidate(rank: rank, left: left))
    }

    private mutating func apply(_ candidate: Candidate) {
        let left = candidate.left
        let right = nodes[left].next
        let merge = table[candidate.rank]
        guard nodes[left].token == merge.left, right < nodes.count, nodes[right].token == merge.right else { return }
        nodes[left].token = merge.product
        nodes[right].token = nil
        let next = nodes[right].next
        nodes[left].next = next
        if next < nodes.count { nodes[next].previous = left }
        consider(nodes[left].previous)
        consider(left)
    }
}
