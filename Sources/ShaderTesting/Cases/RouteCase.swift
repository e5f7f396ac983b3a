import Compute
import Kernels

/// Rows that choose experts, and the rows of each expert together.
struct RouteCase: DispatchCase {
    var kernel: String { "route" }

    var rows: Int
    var experts: Int
    var used: Int
    var probabilities = ExpertRouting.Probabilities.softmax
    var hasBias = false
    var isNormalised = true
    var scale: Float = 1
    /// Whether all logits of a row are one of few: then the first of experts that are as good are chosen.
    var isTied = false
    /// Logits of a row behind those of experts.
    var gap = 0

    var description: String {
        "\(rows) rows to \(used) of \(experts) experts, \(probabilities.rawValue)\(hasBias ? ", biased" : "")"
            + "\(isNormalised ? ", normalised" : ""), times \(scale)\(isTied ? ", tied" : "")"
            + (gap > 0 ? ", gap \(gap)" : "")
    }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let values = numbers.floats(rows * experts).map { isTied ? ($0 * 2).rounded() : 4 * $0 }
        let bias = hasBias ? numbers.floats(experts) : nil
        var choice = ExpertRouting.Choice(
            experts: experts, used: used, probabilities: probabilities, isNormalised: isNormalised, scale: scale)
        // What stands in the gap would be chosen first.
        let padded = (0..<rows).flatMap { row in
            values[row * experts..<(row + 1) * experts] + [Float](repeating: 100, count: gap)
        }
        let logits = try TestBuffer("logits", padded, on: bench.device)
        let shift = try bias.map { bias throws(ComputeError) in try TestBuffer("bias", bias, on: bench.device) }
        choice.bias = shift?.buffer
        func output(_ label: String, _ count: Int) throws(ComputeError) -> TestBuffer {
            try TestBuffer(label, [UInt32](repeating: TestBuffer.guardWord, count: count), on: bench.device)
        }
        let chosen = try output("chosen", rows * used), weights = try output("weights", rows * used)
        let places = try output("places", choice.placeWords(rows: rows, bench.limits))
        let routing = try ExpertRouting(
            bench.kernels, choice, logits: logits.buffer, stride: experts + gap,
            .init(chosen: chosen.buffer, weights: weights.buffer, places: places.buffer))
        let expected = (0..<rows).flatMap { row in
            Reference.route(
                Array(values[row * experts..<(row + 1) * experts]), bias: bias, used: used, probabilities,
                isNormalised: isNormalised, scale: scale)
        }
        return Trial(
            inputs: [logits] + (shift.map { [$0] } ?? []),
            outputs: [
                .init(
                    buffer: chosen,
                    expected: expected.indices.flatMap { ExpectedResult.whole(expected[$0].expert, at: $0) }),
                .init(
                    buffer: weights,
                    expected: expected.enumerated().map { ExpectedResult(word: $0, estimate: $1.weight) }),
                .init(buffer: places, expected: expectedPlaces(expected.map(\.expert), routing.cut(rows: rows))),
            ], roundings: experts + 8
        ) { routing.encode($0, rows: rows) }
    }

    /// Tiles of each expert's slots, then those that are left over; and the slots behind them.
    private func expectedPlaces(_ chosen: [Int], _ cut: (height: Int, tiles: Int)) -> [ExpectedResult] {
        var results: [ExpectedResult] = []
        var tile = 0, place = 0
        for expert in 0..<experts {
            let slots = chosen.indices.filter { chosen[$0] == expert }
            for start in stride(from: 0, to: slots.count, by: cut.height) {
                let numbers = [expert, place + start, min(cut.height, slots.count - start)]
                results += numbers.enumerated().flatMap { ExpectedResult.whole($1, at: 4 * tile + $0) }
                tile += 1
            }
            results += slots.enumerated().flatMap { ExpectedResult.whole($1, at: 4 * cut.tiles + place + $0) }
            place += slots.count
        }
        return results
            + (tile..<max(tile, cut.tiles)).flatMap { tile in
                (0..<3).flatMap { ExpectedResult.whole(0, at: 4 * tile + $0) }
            }
    }

    var smaller: [RouteCase] {
        rows.smaller(downTo: 1).map { with(\.rows, $0) } + used.smaller(downTo: 1).map { with(\.used, $0) }
            + experts.smaller(downTo: used).map { with(\.experts, $0) } + (hasBias ? [with(\.hasBias, false)] : [])
    }

    static func table(_ fallback: Fallback, isQuick: Bool) -> [RouteCase] {
        let plain = [
            RouteCase(rows: 33, experts: 32, used: 4), RouteCase(rows: 1, experts: 128, used: 8, isNormalised: false),
            RouteCase(rows: 9, experts: 512, used: 10, probabilities: .sigmoid, hasBias: true, scale: 2.5),
            RouteCase(rows: 5, experts: 8, used: 8, isTied: true),
            RouteCase(rows: 7, experts: 1, used: 1, probabilities: .sigmoid, isNormalised: false, gap: 3),
        ]
        guard fallback == .none, !isQuick else { return plain }
        return plain + [
            RouteCase(rows: 0, experts: 4, used: 2), RouteCase(rows: 257, experts: 7, used: 2, hasBias: true),
            RouteCase(rows: 70, experts: 4, used: 1, probabilities: .sigmoid, isNormalised: false),
            RouteCase(rows: 3, experts: 300, used: 16, isTied: true),
        ]
    }
}

/// What experts have made of rows, added up.
struct CombineCase: DispatchCase {
    var kernel: String { "combine" }

    var rows: Int
    var used: Int
    var width: Int
    /// Rows of others in front.
    var skipped = 0
    var isAdded = true
    var scale: Float = 1

    var description: String {
        "\(rows) rows of \(width), \(used) experts each, times \(scale)" + (isAdded ? ", added" : "")
            + (skipped > 0 ? ", behind \(skipped)" : "")
    }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let values = numbers.floats(rows * used * width), shares = numbers.floats(rows * used)
        let old = numbers.floats((skipped + rows) * width)
        let x = try TestBuffer("x", values, on: bench.device)
        let weights = try TestBuffer("weights", shares, on: bench.device)
        let output = try TestBuffer("y", old, guardWords: 1024 + width, on: bench.device)
        let choice = ExpertRouting.Choice(experts: 16, used: used)
        let routing = try ExpertRouting(
            bench.kernels, choice, logits: x.buffer,
            .init(chosen: x.buffer, weights: weights.buffer, places: x.buffer))
        let combine = try CombineExperts(
            bench.kernels, routing, x: x.buffer, y: output.buffer, width: width, offset: skipped * width,
            isAdded: isAdded, scale: scale)
        let expected = old.enumerated().map { word, old in
            let row = word / width - skipped
            guard row >= 0 else { return ExpectedResult(word: word, estimate: Estimate(old)) }
            let sum = (0..<used).reduce(Estimate(0.0)) { sum, place in
                let value = values[(row * used + place) * width + word % width]
                return sum + Estimate(value) * Estimate(shares[row * used + place])
            }
            let result = sum * Estimate(scale)
            return ExpectedResult(word: word, estimate: isAdded ? Estimate(old) + result : result)
        }
        return Trial(
            inputs: [x, weights], outputs: [.init(buffer: output, expected: expected)], roundings: used + 2
        ) { combine.encode($0, rows: rows) }
    }

    var smaller: [CombineCase] {
        rows.smaller(downTo: 1).map { with(\.rows, $0) } + used.smaller(downTo: 1).map { with(\.used, $0) }
            + width.smaller(downTo: 4, by: 4).map { with(\.width, $0) }
    }

    static func table(_ fallback: Fallback, isQuick: Bool) -> [CombineCase] {
        [
            CombineCase(rows: 33, used: 8, width: 132), CombineCase(rows: 5, used: 3, width: 260, scale: 0.3),
            CombineCase(rows: 7, used: 2, width: 68, skipped: 4, isAdded: false),
            CombineCase(rows: 2, used: 4, width: 516, skipped: 1, scale: 1.5),
        ]
    }
}
