import Quantities

/// Simulated beside measured figures of runs.
package struct PaperComparison: Sendable {
    /// One run; `simulated` is the mean over seeds.
    package struct Run: Sendable, Encodable {
        package var alpha: Double
        package var rateScale: Double
        package var strategy: PaperStrategy
        package var simulated: PaperFigures
        package var measured: PaperFigures

        private enum CodingKeys: String, CodingKey {
            case alpha
            case rateScale = "rate_scale"
            case strategy
            case simulated
            case measured
        }
    }

    package private(set) var runs: [Run] = []
    /// The figures of each run for each seed, as `[run][seed]`.
    private var bySeed: [[PaperFigures]] = []

    /// Simulates all runs once a seed.
    ///
    /// - Throws: As `PaperCluster.simulate`.
    package init(_ runs: [PaperRun], on cluster: PaperCluster, seeds: [UInt64]) throws {
        precondition(!seeds.isEmpty, "a comparison takes at least one seed")
        for run in runs {
            let figures = try seeds.map { try cluster.simulate(run, seed: $0) }
            bySeed.append(figures)
            self.runs.append(
                Run(
                    alpha: run.alpha, rateScale: run.rateScale, strategy: run.strategy,
                    simulated: PaperFigures(meanOf: figures), measured: run.measured))
        }
    }

    /// Errors of one figure over all runs and seeds.
    package struct ErrorLine: Sendable {
        package var name: String
        package var unit: String
        package var median: Double
        package var percentile90: Double
        package var count: Int
    }

    /// The errors of throughput, of ratios between systems, of latency and of attainment at 5, 8 and 10.
    package var errors: [ErrorLine] {
        var lines = PaperStrategy.allCases.map { strategy in
            line("throughput, \(strategy.rawValue)", "%", errors(of: \.weightedThroughput) { $0 == strategy })
        }
        lines.append(line("throughput, all", "%", errors(of: \.weightedThroughput) { _ in true }))
        lines.append(line("ratio muxserve / spatial", "%", ratioErrors(to: .spatial)))
        lines.append(line("ratio muxserve / temporal", "%", ratioErrors(to: .temporal)))
        lines.append(line("mean latency", "%", errors(of: \.meanLatency) { _ in true }))
        var points: [Double] = []
        for (index, run) in runs.enumerated() {
            for figures in bySeed[index] {
                for scale in [5.0, 8, 10] {
                    points.append(abs((figures.withinSLO[scale] ?? 0) - (run.measured.withinSLO[scale] ?? 0)))
                }
            }
        }
        lines.append(line("within 5, 8, 10 times", "points", points))
        return lines
    }

    private func errors(
        of figure: KeyPath<PaperFigures, Double>, where isCounted: (PaperStrategy) -> Bool
    ) -> [Double] {
        runs.indices.filter { isCounted(runs[$0].strategy) }.flatMap { index in
            let measured = runs[index].measured[keyPath: figure]
            return bySeed[index].map { 100 * abs($0[keyPath: figure] / measured - 1) }
        }
    }

    private func ratioErrors(to other: PaperStrategy) -> [Double] {
        var errors: [Double] = []
        for (index, run) in runs.enumerated() where run.strategy == .muxserve {
            let beside = runs.indices.first {
                runs[$0].alpha == run.alpha && runs[$0].rateScale == run.rateScale && runs[$0].strategy == other
            }
            guard let beside else { continue }
            let measured = run.measured.weightedThroughput / runs[beside].measured.weightedThroughput
            for (mine, theirs) in zip(bySeed[index], bySeed[beside]) {
                errors.append(100 * abs(mine.weightedThroughput / theirs.weightedThroughput / measured - 1))
            }
        }
        return errors
    }

    private func line(_ name: String, _ unit: String, _ errors: [Double]) -> ErrorLine {
        let sorted = errors.sorted()
        func quantile(_ part: Double) -> Double {
            sorted.isEmpty ? .nan : Percentiles.quantile(part, of: sorted)
        }
        return ErrorLine(
            name: name, unit: unit, median: quantile(0.5), percentile90: quantile(0.9), count: sorted.count)
    }
}

extension PaperFigures {
    init(meanOf figures: [PaperFigures]) {
        let count = Double(figures.count)
        var within: [Double: Double] = [:]
        for scale in figures[0].withinSLO.keys {
            within[scale] = figures.reduce(0) { $0 + ($1.withinSLO[scale] ?? 0) } / count
        }
        self.init(
            weightedThroughput: figures.reduce(0) { $0 + $1.weightedThroughput } / count,
            meanLatency: figures.reduce(0) { $0 + $1.meanLatency } / count, withinSLO: within)
    }
}
