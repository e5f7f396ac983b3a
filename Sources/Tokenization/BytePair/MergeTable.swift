import Quantities

/// Which neighbouring tokens become one, and which pair goes first.
struct MergeTable: Sendable {
    struct Merge: Sendable {
        let left: TokenID
        let right: TokenID
        let product: TokenID
    }

    private struct Pair: Hashable {
        let left: TokenID
        let right: TokenID
    }

    /// By rank: a lower index is merged earlier.
    private let merges: [Merge]
    private let ranks: [Pair: Int]

    /// - Parameter tokens: the id of each token by its text.
    /// - Throws: `TokenizerError.malformedMerge` or `.mergeWithoutToken`.
    init(_ lines: [String], tokens: [[UInt8]: TokenID]) throws(TokenizerError) {
        var merges: [Merge] = []
        var ranks: [Pair: Int] = [:]
        merges.reserveCapacity(lines.count)
        ranks.reserveCapacity(lines.count)
        for (rank, line) in lines.enumerated() {
            let merge = try Self.merge(Array(line.utf8), rank: rank, tokens: tokens)
            merges.append(merge)
            let pair = Pair(left: merge.left, right: merge.right)
            if ranks[pair] == nil { ranks[pair] = rank }
        }
        self.merges = merges
        self.ranks = ranks
    }

    private static func merge(
        _ line: [UInt8], rank: Int, tokens: [[UInt8]: TokenID]
    ) throws(TokenizerError) -> Merge {
        let space = UInt8(ascii: " ")
        guard let gap = line.dropFirst().firstIndex(of: space), gap + 1 < line.count else {
            throw .malformedMerge(rank)
        }
        func id(_ text: [UInt8]) throws(TokenizerError) -> TokenID {
            guard let id = tokens[text] else {
                throw .mergeWithoutToken(rank, text: String(decoding: text, as: UTF8.self))
            }
            return id
        }
        let left = Array(line[..<gap])
        let right = Array(line[(gap + 1)...])
        return Merge(left: try id(left), right: try id(right), product: try id(left + right))
    }

    func rank(of left: TokenID, _ right: TokenID) -> Int? { ranks[Pair(left: left, right: right)] }

    subscript(rank: Int) -> Merge { merges[rank] }
}
