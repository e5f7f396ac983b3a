private import HeapModule
import Quantities

/// Merges the symbols of one word after another, keeping its storage in between.
///
/// The pair of lowest rank goes first, the leftmost of equals before the others (Sennrich et al. 2016). Candidates wait
/// in a heap and are dropped when one of their sides has meanwhile become part of another symbol: O(n log n) for a word
/// of n symbols.
struct SymbolMerger<Rule: MergeRule> {
    private struct Node {
        var symbol: MergeSymbol
        var previous: Int
        var next: Int
        var isMerged = false
    }

    private struct Candidate: Comparable {
        let rank: Int32
        let left: Int
        let right: Int
        let product: TokenID
        /// Where the right side ends, which tells whether both are still as they were.
        let end: Int

        static func < (a: Self, b: Self) -> Bool { a.rank != b.rank ? a.rank < b.rank : a.left < b.left }
    }

    private let rule: Rule
    private var nodes: [Node] = []
    private var candidates = Heap<Candidate>()

    init(_ rule: Rule) { self.rule = rule }

    /// The next symbol of the word to be merged; symbols follow one another.
    mutating func append(_ symbol: MergeSymbol) {
        nodes.append(Node(symbol: symbol, previous: nodes.count - 1, next: nodes.count + 1))
    }

    /// Merges the symbols that were appended, hands over what is left of them, in order, and is empty again.
    mutating func merge(_ text: [UInt8], _ receive: (MergeSymbol) -> Void) {
        for left in nodes.indices { consider(left, text) }
        while let candidate = candidates.popMin() { apply(candidate, text) }
        for node in nodes where !node.isMerged { receive(node.symbol) }
        nodes.removeAll(keepingCapacity: true)
    }

    private mutating func consider(_ left: Int, _ text: [UInt8]) {
        guard nodes.indices.contains(left), nodes[left].next < nodes.count else { return }
        let right = nodes[left].next
        guard let (rank, product) = rule.merge(nodes[left].symbol, nodes[right].symbol, of: text) else { return }
        candidates.insert(
            Candidate(rank: rank, left: left, right: right, product: product, end: nodes[right].symbol.end))
    }

    private mutating func apply(_ candidate: Candidate, _ text: [UInt8]) {
        let (left, right) = (candidate.left, candidate.right)
        guard !nodes[left].isMerged, nodes[left].next == right, nodes[right].symbol.end == candidate.end else { return }
        nodes[left].symbol.token = candidate.product
        nodes[left].symbol.end = candidate.end
        nodes[right].isMerged = true
        let next = nodes[right].next
        nodes[left].next = next
        if next < nodes.count { nodes[next].previous = left }
        consider(nodes[left].previous, text)
        consider(left, text)
    }
}
