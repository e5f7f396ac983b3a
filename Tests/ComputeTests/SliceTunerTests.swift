import Compute
import Testing

/// A device whose kernels take a known time per tile, and lists of dispatches over it.
struct SliceTunerTests {
    private struct Random {
        var state: UInt64
        mutating func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
    }

    /// Runs a list to its end; the seconds of each slice.
    private func run(
        _ pieces: [SliceTuner<Int>.Piece], _ tuner: inout SliceTuner<Int>, cost: (Int) -> Double,
        check: ([SliceTuner<Int>.Piece]) -> Void = { _ in }
    ) -> [Double] {
        var rest = pieces[...]
        var seconds: [Double] = []
        while !rest.isEmpty {
            let slice = tuner.next(&rest)
            check(slice)
            seconds.append(slice.reduce(0) { $0 + cost($1.key) * Double($1.tiles.count) })
            tuner.learn(slice, seconds: seconds[seconds.count - 1])
        }
        return seconds
    }

    /// Every tile is done once and in order, whatever the lists and costs are.
    @Test(arguments: 0..<40)
    func everyTileIsDoneOnceInOrder(_ seed: Int) {
        var random = Random(state: UInt64(seed))
        var tuner = SliceTuner<Int>(target: 0.01)
        for _ in 0..<20 {
            let pieces = (0..<1 + random.below(12)).map { index in
                let start = random.below(50)
                return SliceTuner<Int>.Piece(
                    key: random.below(5), tiles: start..<start + 1 + random.below(3000), index: index)
            }
            var done: [(index: Int, tile: Int)] = []
            _ = run(pieces, &tuner, cost: { Double($0 + 1) * 1e-5 }) { slice in
                #expect(!slice.isEmpty && slice.allSatisfy { !$0.tiles.isEmpty })
                for piece in slice { done += piece.tiles.map { (piece.index, $0) } }
            }
            let expected = pieces.flatMap { piece in piece.tiles.map { (index: piece.index, tile: $0) } }
            #expect(done.elementsEqual(expected) { $0 == $1 })
        }
    }

    @Test func slicesComeToTakeTheTarget() {
        var tuner = SliceTuner<Int>(target: 0.005)
        let pieces = (0..<8).map { SliceTuner<Int>.Piece(key: $0, tiles: 0..<2000, index: $0) }
        let cost = { (key: Int) in Double(key + 1) * 2e-6 }
        for _ in 0..<3 { _ = run(pieces, &tuner, cost: cost) }
        let seconds = run(pieces, &tuner, cost: cost)
        #expect(seconds.dropLast().allSatisfy { (0.004...0.0055).contains($0) }, "\(seconds)")
    }

    /// A device that becomes slower, as others use it too, gets smaller slices.
    @Test func slicesFollowTheDevice() {
        var tuner = SliceTuner<Int>(target: 0.005)
        let pieces = [SliceTuner<Int>.Piece(key: 1, tiles: 0..<20_000, index: 0)]
        _ = run(pieces, &tuner, cost: { _ in 1e-6 })
        var seconds: [Double] = []
        for _ in 0..<5 { seconds = run(pieces, &tuner, cost: { _ in 4e-6 }) }
        #expect(seconds.dropLast().allSatisfy { $0 < 0.0055 }, "\(seconds)")
    }

    /// Attention over a long context after a short one: the first slice is too long, no other.
    @Test func estimatesRiseAtOnce() {
        var tuner = SliceTuner<Int>(target: 0.25)
        let pieces = [SliceTuner<Int>.Piece(key: 1, tiles: 0..<100_000, index: 0)]
        _ = run(pieces, &tuner, cost: { _ in 1e-5 })
        let seconds = run(pieces, &tuner, cost: { _ in 6e-5 })
        #expect(seconds.dropFirst().allSatisfy { $0 < 0.2501 }, "\(seconds)")
    }

    @Test func aTileLongerThanTheTargetGoesAlone() {
        var tuner = SliceTuner<Int>(target: 1e-6)
        let pieces = [SliceTuner<Int>.Piece(key: 1, tiles: 0..<40, index: 0)]
        _ = run(pieces, &tuner, cost: { _ in 1e-3 })
        #expect(run(pieces, &tuner, cost: { _ in 1e-3 }).count == 40)
    }
}
