import Compute
import Glibc

/// Times dispatches: warm, in runs that are long enough for the clock, as a median of samples.
struct KernelTimer {
    let lane: any Lane

    /// Samples of each figure.
    static let samples = 12
    /// What one run of dispatches shall take.
    private static let seconds = 0.02
    private static let mostDispatches = 1000

    /// Seconds of one dispatch.
    struct Figures {
        /// Of the device, by its own clock where it has one.
        var device: Double
        var lowest: Double
        var highest: Double
        /// Of this process on all cores: what a driver of the CPU computes with.
        var processor: Double
        var dispatches: Int
    }

    /// - Parameter limit: seconds that all samples may take.
    /// - Returns: `nil` where they would take longer.
    func measure(
        limit: Double, _ encode: (any Commands) -> Void
    ) throws(ComputeError) -> Figures? {
        _ = try run(1, encode)
        let once = try run(1, encode)
        let expected = max(once.wall, 1e-9)
        guard expected * Double(Self.samples) <= limit else { return nil }
        let dispatches = min(Self.mostDispatches, max(1, Int(Self.seconds / expected)))
        var runs: [(device: Double, processor: Double, wall: Double)] = []
        for _ in 0..<Self.samples { runs.append(try run(dispatches, encode)) }
        let device = runs.map { $0.device / Double(dispatches) }.sorted()
        let processor = runs.map { $0.processor / Double(dispatches) }.sorted()
        return Figures(
            device: device[device.count / 2], lowest: device[0], highest: device[device.count - 1],
            processor: processor[processor.count / 2], dispatches: dispatches)
    }

    /// Seconds of `dispatches` dispatches together.
    func run(
        _ dispatches: Int, _ encode: (any Commands) -> Void
    ) throws(ComputeError) -> (device: Double, processor: Double, wall: Double) {
        let (processor, wall) = (Self.now(CLOCK_PROCESS_CPUTIME_ID), Self.now(CLOCK_MONOTONIC))
        let device = try lane.run { commands throws(ComputeError) in
            for _ in 0..<dispatches { encode(commands) }
        }
        let elapsed = Self.now(CLOCK_MONOTONIC) - wall
        return (device ?? elapsed, Self.now(CLOCK_PROCESS_CPUTIME_ID) - processor, elapsed)
    }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
