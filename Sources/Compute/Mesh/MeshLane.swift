import Synchronization

/// A lane of each device of a mesh: they go through the parts of a pass together.
///
/// ```swift
/// let lane = MeshLane(try devices.map { try $0.makeLane(label: "rank") }, name: "weft lane 0")
/// try lane.run(parts: 2) { rank, part, commands in … }
/// ```
///
/// As a lane's, its methods block and are called from one thread. The first device's lane is run there, the others on
/// threads of their own, which wait awake between parts: a part of a step takes microseconds.
package final class MeshLane: Sendable {
    /// One of each device, by rank.
    package let lanes: [any Lane]
    private let team: ThreadTeam
    private let delay: Duration

    /// - Parameter delay: what each meeting is to take longer, to find out what a slower link would cost.
    package init(_ lanes: [any Lane], name: String, delay: Duration = .zero) {
        precondition(!lanes.isEmpty, "a mesh has at least one device")
        self.lanes = lanes
        self.delay = delay
        team = ThreadTeam(name: name, count: lanes.count)
    }

    /// Records and runs the commands of all parts on all devices; none begins a part before all have ended the one
    /// before.
    ///
    /// - Parameter record: called on the thread of the rank's lane.
    /// - Returns: the seconds that the device which was longest at work was so, where all can tell.
    /// - Throws: the first error of any device. No part is begun after it.
    @discardableResult
    package func run(
        parts: Int,
        _ record: @escaping @Sendable (_ rank: Int, _ part: Int, any Commands) throws(ComputeError) -> Void
    ) throws(ComputeError) -> Double? {
        let outcome = Outcome(ranks: lanes.count)
        team.run(steps: parts) { [lanes, delay] rank, part in
            guard !outcome.isFailed else { return }
            if part > 0, delay > .zero {
                let end = ContinuousClock.now + delay
                while ContinuousClock.now < end {}
            }
            do throws(ComputeError) {
                let seconds = try lanes[rank].run { commands throws(ComputeError) in
                    try record(rank, part, commands)
                }
                outcome.add(seconds, rank)
            } catch { outcome.fail(error) }
        }
        return try outcome.seconds()
    }

    /// What came of the parts so far.
    private final class Outcome: Sendable {
        private struct State {
            /// Of each rank; `nil` where it cannot tell.
            var seconds: [Double?]
            var error: ComputeError?
        }

        private let state: Mutex<State>

        init(ranks: Int) { state = Mutex(State(seconds: Array(repeating: 0, count: ranks))) }

        var isFailed: Bool { state.withLock { $0.error != nil } }

        func add(_ seconds: Double?, _ rank: Int) {
            state.withLock { state in
                state.seconds[rank] = if let seconds, let sum = state.seconds[rank] { sum + seconds } else { nil }
            }
        }

        func fail(_ error: ComputeError) { state.withLock { $0.error = $0.error ?? error } }

        func seconds() throws(ComputeError) -> Double? {
            let (seconds, error) = state.withLock { ($0.seconds, $0.error) }
            if let error { throw error }
            let known = seconds.compactMap(\.self)
            return known.count == seconds.count ? known.max() : nil
        }
    }
}
