import Foundation
package import Quantities

/// Measures what is asked of models: arrivals a second, and lengths of prompts and outputs, each weighing half as much
/// for every half-life that it lies back.
///
/// Times may be irregular and slightly out of order. A rate is right from the first arrival on: what lies before the
/// start is not taken for silence.
package struct RateMeter: Sendable {
    package let halfLife: Seconds
    private let start: Seconds
    private var accounts: [String: Account] = [:]

    /// What is remembered of one model.
    private struct Account {
        var arrivals = DecayedSum()
        var promptTokens = DecayedSum()
        var ends = DecayedSum()
        var outputTokens = DecayedSum()
    }

    /// - Parameters:
    ///   - halfLife: After so many seconds an arrival counts half.
    ///   - start: When measuring began.
    package init(halfLife: Seconds, start: Seconds = 0) {
        precondition(halfLife > 0, "a half-life of \(halfLife) s")
        self.halfLife = halfLife
        self.start = start
    }

    /// A request has come.
    package mutating func arrived(_ model: String, promptTokens: Int, at time: Seconds) {
        accounts[model, default: Account()].arrivals.add(1, at: time, halfLife)
        accounts[model]?.promptTokens.add(Double(promptTokens), at: time, halfLife)
    }

    /// A request is over.
    package mutating func ended(_ model: String, outputTokens: Int, at time: Seconds) {
        accounts[model, default: Account()].ends.add(1, at: time, halfLife)
        accounts[model]?.outputTokens.add(Double(outputTokens), at: time, halfLife)
    }

    /// Requests per second; 0 of a model that nobody has asked for.
    package func rate(of model: String, at now: Seconds) -> Double {
        let seen = 1 - exp2(-(now - start) / halfLife)
        guard seen > 0, let arrivals = accounts[model]?.arrivals.value(at: now, halfLife) else { return 0 }
        return arrivals * (log(2) / halfLife) / seen
    }

    /// `nil` where no request has come.
    package func meanPromptTokens(of model: String) -> Double? {
        accounts[model].flatMap { Self.mean($0.promptTokens, $0.arrivals) }
    }

    /// `nil` where no request has ended.
    package func meanOutputTokens(of model: String) -> Double? {
        accounts[model].flatMap { Self.mean($0.outputTokens, $0.ends) }
    }

    /// Both were added to at the same times.
    private static func mean(_ sum: DecayedSum, _ count: DecayedSum) -> Double? {
        count.value > 0 ? sum.value / count.value : nil
    }

    /// A demand with what was measured in place of what was expected.
    ///
    /// The optimiser needs positive rates and lengths: a model that nobody asks for has a rate of a request in a
    /// quarter of an hour.
    package func measured(_ demand: ModelDemand, at now: Seconds) -> ModelDemand {
        var demand = demand
        demand.rate = max(rate(of: demand.name, at: now), 1e-3)
        if let tokens = meanPromptTokens(of: demand.name) { demand.meanPromptTokens = max(1, tokens) }
        if let tokens = meanOutputTokens(of: demand.name) { demand.meanOutputTokens = max(1, tokens) }
        return demand
    }
}

/// A sum whose terms fade: each weighs half as much for every half-life that has passed since.
private struct DecayedSum {
    /// As of `time`.
    private(set) var value = 0.0
    private var time = -Seconds.infinity

    func value(at now: Seconds, _ halfLife: Seconds) -> Double {
        value > 0 ? value * exp2((time - now) / halfLife) : 0
    }

    mutating func add(_ term: Double, at now: Seconds, _ halfLife: Seconds) {
        if now >= time {
            value = value(at: now, halfLife) + term
            time = now
        } else {
            value += term * exp2((now - time) / halfLife)
        }
    }
}
