package import Compute
package import Kernels

/// Finds the shapes of products that a device computes fastest, by measuring a few around its default.
///
/// ```
/// let tuner = try MatrixTuner(kernels, seconds: 60) { choice, product in check.fault(of: choice, for: product) }
/// let tuned = try tuner.tune(matrix)
/// ```
package struct MatrixTuner {
    private let kernels: KernelSet
    private let timer: KernelTimer
    private let seconds: Double
    private let check: (ShapeChoice, MatrixProduct) -> String?

    /// Rows of a batch that decodes one sequence or eight, and of a prompt. Logits are of no more rows than sequences.
    private static let (decode, prefill) = ([1, 8], 256)
    /// Fewest and most pairs of times, to find the best and to be sure of it. Of pairs that are 30 % apart by chance
    /// alone, five pass for a gain in 7 of 100 trials, seven in 4 and fifteen in 2, in a simulation.
    private static let (searched, confirmed) = (5...7, 15...25)

    /// - Parameters:
    ///   - seconds: after which no further choice is tried for a product.
    ///   - check: what is wrong with a product in a choice of shapes; `nil` for what may be kept.
    package init(
        _ kernels: KernelSet, seconds: Double, check: @escaping (ShapeChoice, MatrixProduct) -> String?
    ) throws(ComputeError) {
        self.kernels = kernels
        self.seconds = seconds
        self.check = check
        timer = KernelTimer(lane: try kernels.device.makeLane(label: "tuning"))
    }

    /// The best choice: first for few rows, with which the order of sums is chosen, then the tile of many.
    ///
    /// It is faster for a number of rows and slower for none, by more than the noise of the times: in a search, and
    /// once more in times of its own, which are those that are reported.
    /// - Throws: `ComputeError` where the default fails, or the device is lost.
    package func tune(_ matrix: ModelMatrix) throws(ComputeError) -> TunedMatrix {
        let product = matrix.product, rows = matrix.isOutput ? Self.decode : Self.decode + [Self.prefill]
        let space = ShapeSpace(product, limits: kernels.limits, facts: kernels.facts)
        let bench = try ProductBench(kernels, product, mostRows: rows.last ?? 1, timer: timer)
        let normal = try bench.products(ShapeChoice()), start = ContinuousClock.now
        var result = TunedMatrix(matrix, candidates: space.candidates.count)
        var best = (choice: ShapeChoice(), score: 1.0), seen: Set = [space.shapes(ShapeChoice())]
        func figures(
            _ choice: ShapeChoice, share: Double, counts: ClosedRange<Int>
        ) throws(ComputeError) -> [TunedMatrix.Figure] {
            let other = try bench.products(choice)
            return try rows.map { rows throws(ComputeError) in
                let isSame = place(choice, rows, space) == place(ShapeChoice(), rows, space)
                // Nothing to find out, until it is reported.
                if isSame, counts == Self.searched {
                    return TunedMatrix.Figure(rows: rows, PairedTimes([]), isSame: true)
                }
                let times = try bench.compare(
                    normal, isSame ? normal : other, rows: rows, limit: seconds * share, counts: counts)
                return TunedMatrix.Figure(rows: rows, times, isSame: isSame)
            }
        }
        func search(_ choices: [ShapeChoice]) throws(ComputeError) {
            for choice in choices where seen.insert(space.shapes(choice)).inserted {
                guard ContinuousClock.now - start < .seconds(seconds) else { return }
                do throws(ComputeError) {
                    let found = try figures(choice, share: 0.02, counts: Self.searched)
                    result.tried += 1
                    let score = TunedMatrix.score(found)
                    if TunedMatrix.isGain(found), score < best.score { best = (choice, score) }
                } catch {
                    // What a driver cannot compile is no choice.
                    if case .deviceLost = error { throw error }
                    result.faults.append("\(choice): \(error)")
                }
            }
        }
        try search(space.ofFewRows)
        let few = best.choice
        try search(space.ofManyRows.map(few.with(tileOf:)))
        result.figures = try figures(best.choice, share: 0.1, counts: Self.confirmed)
        guard best.choice != ShapeChoice(), TunedMatrix.isGain(result.figures) else { return result }
        if let fault = check(best.choice, product) { result.faults.append(fault) } else { result.choice = best.choice }
        return result
    }

    /// What `rows` rows are computed in.
    private func place(_ choice: ShapeChoice, _ rows: Int, _ space: ShapeSpace) -> LaunchShape {
        let shapes = space.shapes(choice), columns = space.product.columns / 4
        return shapes[LaunchShape.place(in: shapes, rows: rows, columns: columns, facts: kernels.facts) { _ in true }]
    }
}
