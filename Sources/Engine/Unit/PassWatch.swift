import Quantities
import Scheduling

/// Finds passes that do not come back, and loads that do not get on: a device that hangs says nothing, unlike one that
/// is lost.
///
/// How long a pass may take follows from what the model's passes took so far.
struct PassWatch: Sendable {
    /// What is known of a model's passes.
    private struct Known {
        var passes = 0
        /// The most tokens of one.
        var tokens = 0
        /// What the slowest of late took.
        var seconds: Seconds = 0
    }

    /// A pass that a lane runs.
    private struct Watched {
        var model: ModelID
        var tokens: Int
        var began: Seconds
        var limit: Seconds
    }

    /// A pass has at least so long; 0 watches nothing.
    private let least: Seconds
    private var known: [ModelID: Known] = [:]
    private var watched: [LaneID: Watched] = [:]
    /// How many loads are under way, and when one of them last got on.
    private var loads = (count: 0, at: Seconds(0))

    /// Passes take up to so many times what they took before. Chosen: contexts grow eightfold between two passes at
    /// most, and on a CPU others may want all cores.
    private static let factor = 20.0
    /// Passes that may find a kernel not compiled: a model's first ones, and those of twice as many tokens as any
    /// before. Chosen: as many as there are heights of tiles and phases.
    private static let firstPasses = 16
    /// No pass and no step of a load may take more than so many times the least, and the first passes may. Chosen: ten
    /// minutes with the usual least, for which a CPU compiles kernels and reads a prompt of a large model.
    private static let most = 60.0

    /// Seconds that whatever a device does may take at most; `nil` where nothing is watched.
    static func mostOfAStep(least: Seconds) -> Seconds? { least > 0 ? least * most : nil }

    /// - Parameter least: seconds that every pass has; 0 watches nothing.
    init(least: Seconds) { self.least = least }

    mutating func begin(_ lane: LaneID, _ model: ModelID, tokens: Int, at now: Seconds) {
        watched[lane] = Watched(model: model, tokens: tokens, began: now, limit: limit(model, tokens: tokens))
    }

    /// A pass has come back, and tells what the next ones may take.
    mutating func end(_ lane: LaneID, at now: Seconds) {
        guard let pass = watched.removeValue(forKey: lane) else { return }
        var model = known[pass.model] ?? Known()
        model.passes += 1
        model.tokens = max(model.tokens, pass.tokens)
        // An outlier counts for some hundred passes.
        model.seconds = max(now - pass.began, model.seconds * 0.99)
        known[pass.model] = model
    }

    mutating func beginLoad(at now: Seconds) { loads = (loads.count + 1, now) }

    /// A load has got on by a step.
    mutating func stepLoad(at now: Seconds) { loads.at = now }

    mutating func endLoad(at now: Seconds) { loads = (loads.count - 1, now) }

    /// The model is gone.
    mutating func forget(_ model: ModelID) { known[model] = nil }

    /// How long a pass may take.
    private func limit(_ model: ModelID, tokens: Int) -> Seconds {
        guard let known = known[model], known.passes >= Self.firstPasses, tokens <= 2 * known.tokens else {
            return least * Self.most
        }
        return min(max(least, Self.factor * known.seconds), least * Self.most)
    }

    /// How long whoever watches may sleep; `nil` where nothing is at work or nothing is watched. Not longer than the
    /// least, as passes to come may have no more.
    func pause(at now: Seconds) -> Seconds? {
        var deadlines = watched.values.map { $0.began + $0.limit }
        if loads.count > 0 { deadlines.append(loads.at + least * Self.most) }
        guard least > 0, let deadline = deadlines.min() else { return nil }
        return min(least, max(0.01, deadline - now))
    }

    /// What has taken too long, in words; `nil` if nothing has.
    func overdue(at now: Seconds) -> String? {
        guard least > 0 else { return nil }
        if let pass = watched.values.first(where: { now >= $0.began + $0.limit }) {
            return "a pass has not come back in \(Int(pass.limit.rounded(.up))) s"
        }
        guard loads.count > 0, now >= loads.at + least * Self.most else { return nil }
        return "a load has not got on in \(Int((least * Self.most).rounded(.up))) s"
    }
}
