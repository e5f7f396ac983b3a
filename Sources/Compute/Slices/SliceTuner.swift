/// Cuts a list of dispatches into slices of about equal time, from what earlier ones took.
///
/// A dispatch is cut between tiles. What is not known yet goes alone and in small pieces.
///
/// `Key` is what a cost is kept under: dispatches of one key cost the same per tile.
package struct SliceTuner<Key: Hashable & Sendable>: Sendable {
    /// A dispatch, or the rest of one.
    package struct Piece: Sendable, Hashable {
        package var key: Key
        package var tiles: Range<Int>
        /// The place in the list of dispatches.
        package var index: Int

        package init(key: Key, tiles: Range<Int>, index: Int) {
            self.key = key
            self.tiles = tiles
            self.index = index
        }
    }

    /// The length of a slice that is aimed at, in seconds.
    package let target: Double
    /// Seconds per tile.
    private var costs: [Key: Double] = [:]

    /// Tiles of the first piece of a kernel whose cost is not known.
    private static var trialTiles: Int { 16 }
    /// How fast an estimate falls to what is measured. It rises at once: a slice too short costs a submission, one too
    /// long may be ended by the driver.
    private static var weight: Double { 0.3 }

    package init(target: Double) { self.target = target }

    /// Takes the next slice from the front of `rest`: as much as fits into the target, at least one tile.
    ///
    /// - Complexity: O(pieces of the slice).
    package mutating func next(_ rest: inout ArraySlice<Piece>) -> [Piece] {
        var slice: [Piece] = []
        var left = target
        while let piece = rest.first {
            guard let cost = costs[piece.key] else {
                // Others in the slice would blur what is learnt of it.
                if slice.isEmpty { slice.append(take(Self.trialTiles, of: piece, &rest)) }
                return slice
            }
            let fitting = Int(min(left / max(cost, 1e-12), Double(piece.tiles.count)))
            guard fitting > 0 || slice.isEmpty else { return slice }
            let taken = take(max(1, fitting), of: piece, &rest)
            slice.append(taken)
            left -= cost * Double(taken.tiles.count)
            if taken.tiles.count < piece.tiles.count || left <= 0 { return slice }
        }
        return slice
    }

    /// Learns what a slice took: all its costs are wrong by the same factor, as far as anyone can tell.
    package mutating func learn(_ slice: [Piece], seconds: Double) {
        guard let first = slice.first, seconds > 0 else { return }
        guard costs[first.key] != nil else {
            costs[first.key] = seconds / Double(max(1, first.tiles.count))
            return
        }
        let expected = slice.reduce(0) { $0 + (costs[$1.key] ?? 0) * Double($1.tiles.count) }
        let excess = min(max(seconds / max(expected, 1e-12), 0.1), 10) - 1
        let factor = 1 + (excess > 0 ? 1 : Self.weight) * excess
        for key in Set(slice.map(\.key)) { costs[key]? *= factor }
    }

    package mutating func forget(_ key: Key) { costs[key] = nil }

    private func take(_ count: Int, of piece: Piece, _ rest: inout ArraySlice<Piece>) -> Piece {
        let end = min(piece.tiles.upperBound, piece.tiles.lowerBound + count)
        var taken = piece
        taken.tiles = piece.tiles.lowerBound..<end
        if end < piece.tiles.upperBound {
            rest[rest.startIndex].tiles = end..<piece.tiles.upperBound
        } else {
            rest.removeFirst()
        }
        return taken
    }
}
