import Quantities
import Scheduling
import Synchronization

/// A request whose unit failed, on its way to the unit in its place.
struct Interrupted: Sendable {
    var work: Work
    /// What is left of it.
    var arrival: Arrival
    let unit: String
    /// The name of its model, which has another number in another unit.
    let model: String
    /// When it is given up.
    let deadline: ContinuousClock.Instant

    /// Tells the client why it does not go on.
    func fail(_ reason: String) { work.fail(.unitFailed(unit: unit, model: model, reason: reason)) }
}

/// Whether a request's client has left, and whom to tell: whoever has the request, which may change.
final class Departure: Sendable {
    private let state = Mutex((hasLeft: false, tell: nil as (@Sendable () -> Void)?))

    /// Calls `tell` when the client leaves, or now if it has left; in place of whom was to be told before.
    func onLeave(_ tell: @escaping @Sendable () -> Void) {
        let hasLeft = state.withLock { state in
            state.tell = tell
            return state.hasLeft
        }
        if hasLeft { tell() }
    }

    func leave() {
        let tell = state.withLock { state in
            state.hasLeft = true
            return state.tell
        }
        tell?()
    }

    var hasLeft: Bool { state.withLock { $0.hasLeft } }
}

/// How often a request was at work when its device failed without having got on since the last time: it may be what the
/// device fails of, and must not take down unit after unit.
struct Setbacks: Sendable {
    private var tokens = 0
    private var count = 0

    /// Chosen: twice may be chance.
    private static let most = 3

    /// The device failed once more.
    ///
    /// - Parameter tokens: how many were generated so far.
    /// - Returns: whether the request may go on.
    mutating func add(at tokens: Int) -> Bool {
        if tokens > self.tokens { count = 0 }
        self.tokens = tokens
        count += 1
        return count < Self.most
    }
}
