import Compute
import Kernels
import Quantities
import Synchronization

/// How well the parts of a device keep apart, measured before its lanes have work: how much of its speed alone a lane
/// keeps while all other parts are saturated. Of a mesh on its first device.
struct LaneIsolation {
    private let streams: [Stream]

    /// How long a lane is watched alone, and again beside the others. Chosen: many norms, and little beside what
    /// loading a model takes.
    private static let duration = Duration.milliseconds(50)

    /// - Parameter parts: lanes that may be at work side by side.
    init(_ parts: [UnitLane]) throws(ComputeError) {
        streams = try parts.map { lane throws(ComputeError) in try Stream(lane) }
    }

    /// For each of the parts its speed beside the others over its speed alone, at most 1.
    func measure() async throws -> [Double] {
        var kept: [Double] = []
        for (index, stream) in streams.enumerated() {
            let alone = try await stream.median(for: Self.duration)
            let isOver = StopFlag()
            let beside = try await withThrowingTaskGroup(of: Void.self) { group in
                for (other, stream) in streams.enumerated() where other != index {
                    group.addTask { try await stream.saturate(until: isOver) }
                }
                defer { isOver.set() }
                return try await stream.median(for: Self.duration)
            }
            kept.append(min(1, alone / beside))
        }
        return kept
    }

    /// A norm over many rows, to be run on a lane again and again.
    private struct Stream: Sendable {
        /// Chosen: a chunk of prompt, as wide as SmolLM2-135M.
        private static let (rows, width) = (256, 576)
        /// Norms in one submission where the lane is to be saturated. Chosen: so that the lane hardly waits for the
        /// next submission.
        private static let many = 32

        private let lane: UnitLane
        private let norm: Norm

        init(_ lane: UnitLane) throws(ComputeError) {
            self.lane = lane
            func buffer(_ count: Int) throws(ComputeError) -> any Buffer {
                let buffer = try lane.device.makeBuffer(byteCount: 4 * count, access: .device, label: "isolation")
                try buffer.write([Float](repeating: 1, count: count), at: 0)
                return buffer
            }
            let numbers = Self.rows * Self.width
            norm = try Norm(
                lane.ranks[0].kernels, x: buffer(numbers), Normalisation(weight: buffer(Self.width), epsilon: 1e-5),
                y: buffer(numbers), width: Self.width)
        }

        /// The median of the seconds that one norm takes. The first one, which compiles the kernel, is not timed.
        func median(for duration: Duration) async throws -> Double {
            try await lane.thread.run {
                try run(1)
                let clock = ContinuousClock()
                let start = clock.now
                var times: [Double] = []
                repeat {
                    times.append(try clock.measure { try run(1) } / .seconds(1))
                } while clock.now - start < duration
                return times.median() ?? 0
            }
        }

        func saturate(until isOver: StopFlag) async throws {
            try await lane.thread.run {
                repeat { try run(Self.many) } while !isOver.isSet
            }
        }

        private func run(_ count: Int) throws(ComputeError) {
            try lane.lane.lanes[0].run { commands throws(ComputeError) in
                for _ in 0..<count { norm.encode(commands, rows: Self.rows) }
            }
        }
    }
}

/// Ends what goes on on another thread.
package final class StopFlag: Sendable {
    private let state = Mutex(false)

    package init() {}

    package var isSet: Bool { state.withLock { $0 } }

    package func set() { state.withLock { $0 = true } }
}
