package import Quantities

/// Decides from measured rates which models move while they serve, and why.
///
/// What a better placement gains within the horizon must exceed what its moves cost by the margin. After moves nothing
/// moves for a while. With rates that stay as they are nothing moves twice: what the first decision leaves is the best
/// that steps lead to, and every way back costs more than it did before.
///
/// ```swift
/// var replacement = Replacement(settings) { try LoadObjective(demands: $0, costs: costs, cluster: …) }
/// let decision = try replacement.decision(units, demands.map { meter.measured($0, at: now) }, at: now)
/// if !decision.moves.isEmpty { … ; replacement.moved(at: later) }
/// ```
package struct Replacement<Objective: UnitObjective>: Sendable {
    package let settings: ReplacementSettings
    private let makeObjective: @Sendable ([ModelDemand]) throws -> Objective
    private var lastMoves: Seconds?

    /// - Parameter makeObjective: The objective over demands. Those of one name are one model at different rates, of
    ///   which a unit has one.
    package init(
        _ settings: ReplacementSettings, makeObjective: @escaping @Sendable ([ModelDemand]) throws -> Objective
    ) {
        self.settings = settings
        self.makeObjective = makeObjective
    }

    /// Moves have been made.
    package mutating func moved(at now: Seconds) { lastMoves = now }

    /// What is to be done now.
    ///
    /// - Parameters:
    ///   - units: With what each serves.
    ///   - demands: The models that may move, with measured rates.
    ///   - now: As in `moved`; absent where only a plan is asked for, which may come at any time.
    /// - Throws: What `makeObjective` throws.
    package func decision(
        _ units: [ServedUnit], _ demands: [ModelDemand], at now: Seconds? = nil
    ) throws -> ReplacementDecision {
        let rates = demands.map(ReplacementDecision.Rate.init)
        if let now, let lastMoves, now < lastMoves + settings.rest {
            let seconds = (lastMoves + settings.rest - now).inWords
            return ReplacementDecision(
                rates: rates, reason: "too soon after the last moves: rates are measured for another \(seconds) s")
        }
        guard units.count > 1, !demands.isEmpty else {
            return ReplacementDecision(rates: rates, reason: "nothing can move: it takes two units and a model")
        }
        var search = try ReplacementSearch(units, demands, settings, by: makeObjective)
        let before = search.score(search.holders) ?? 0
        let target = search.run()
        let after = search.score(target) ?? before
        let lost = search.cost(target)
        var decision = ReplacementDecision(
            rates: rates, scoreBefore: before, scoreAfter: after, lost: lost, reason: "")
        guard target != search.holders else {
            decision.reason = "no move gains more than it costs"
            return decision
        }
        let gain = after - before - lost / settings.horizon
        let least = settings.margin * demands.reduce(0) { $0 + $1.rate }
        let sum =
            "\(after.inWords) instead of \(before.inWords) requests/s served well, for "
            + "\(lost.inWords) requests that moves cost once"
        guard gain > least else {
            decision.reason = "gain below the margin of \(least.inWords) requests/s: \(sum)"
            return decision
        }
        decision.reason = sum
        let reasons = MoveReasons(
            names: units.map(\.name), demands: demands, holders: (search.holders, target),
            scores: (search.scores(search.holders), search.scores(target)))
        decision.moves = moves(from: search.holders, to: target, units, demands, reasons)
        return decision
    }

    /// What leads from one placement to the other, in an order in which it can be done.
    private func moves(
        from old: [[Int]], to new: [[Int]], _ units: [ServedUnit], _ demands: [ModelDemand], _ reasons: MoveReasons
    ) -> [ModelMove] {
        var moves: [ModelMove] = []
        for (model, demand) in demands.enumerated() {
            let leaving = old[model].filter { !new[model].contains($0) }
            let coming = new[model].filter { !old[model].contains($0) }
            for place in 0..<max(leaving.count, coming.count) {
                let source = leaving.indices.contains(place) ? leaving[place] : nil
                let destination = coming.indices.contains(place) ? coming[place] : nil
                moves.append(
                    ModelMove(
                        model: demand.name, source: source.map { units[$0].name },
                        destination: destination.map { units[$0].name },
                        bytes: destination == nil ? 0 : demand.profile.weightBytes,
                        loadTime: destination == nil ? 0 : settings.loadTime(of: demand.profile),
                        reason: reasons.reason(of: model, from: source, to: destination)))
            }
        }
        let weights = Dictionary(demands.map { ($0.name, $0.profile.weightBytes) }) { first, _ in first }
        var order = MoveOrder(units) { weights[$0] ?? 0 }
        return order.ordered(moves) { weights[$0] ?? 0 }
    }
}

/// Why models move, from how well units serve before and after.
private struct MoveReasons {
    let names: [String]
    let demands: [ModelDemand]
    /// Of each model the units that serve it.
    let holders: (before: [[Int]], after: [[Int]])
    /// Requests per second that each unit serves well.
    let scores: (before: [Double], after: [Double])

    /// - Parameter source: The unit that gives the model up.
    func reason(of model: Int, from source: Int?, to destination: Int?) -> String {
        let rate = "\(demands[model].rate.inWords) times a second"
        if destination == nil, let source {
            return "it is asked \(rate), for which fewer units will do; \(state(of: source))"
        }
        // Of the units that are relieved the one that is worst off.
        let old = source.map { [$0] } ?? holders.before[model]
        guard let relieved = old.max(by: { missed($0) < missed($1) }) else {
            return "it is asked \(rate), and no unit has it"
        }
        guard missed(relieved) > 0.01 * asked(of: relieved, holders.before) else {
            return "it is asked \(rate), and leaves room for what comes to \(names[relieved])"
        }
        return "it is asked \(rate); \(state(of: relieved))"
    }

    private func state(of unit: Int) -> String {
        func part(_ scores: [Double], _ holders: [[Int]]) -> String {
            "\(scores[unit].inWords) of \(asked(of: unit, holders).inWords)"
        }
        return "\(names[unit]) serves \(part(scores.before, holders.before)) requests/s well now, and "
            + "\(part(scores.after, holders.after)) then"
    }

    private func missed(_ unit: Int) -> Double { asked(of: unit, holders.before) - scores.before[unit] }

    private func asked(of unit: Int, _ holders: [[Int]]) -> Double {
        holders.indices.filter { holders[$0].contains(unit) }.reduce(0) {
            $0 + demands[$1].rate / Double(holders[$1].count)
        }
    }
}
