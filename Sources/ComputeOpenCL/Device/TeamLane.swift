import COpenCL
import Compute
import Synchronization

/// An ordered stream of dispatches, each shared out among devices that compute in the thread that enqueues.
///
/// PoCL's device of all cores wakes its workers for each dispatch, which takes as long as a product of one row: two
/// cores decoded 1.15 times as fast as one. Here the threads stay awake from the first dispatch of a pass to the last,
/// and call kernels themselves where these can be found (`CompiledFunction`).
final class TeamLane: Lane {
    private let device: OpenCLDevice
    private let queues: OwnedList<Tag.Queue>
    private let team: ThreadTeam
    private let cursor = Mutex(Cursor())

    init(label: String, on device: OpenCLDevice) throws(ComputeError) {
        self.device = device
        var queues = OwnedList<Tag.Queue>(release: device.context.release(\.releaseCommandQueue))
        for member in device.members {
            queues.append(
                try device.functions.make("clCreateCommandQueue", of: device.description.name) {
                    device.functions.createCommandQueue(device.context.handle.raw, member.handle.raw, 0, &$0)
                })
        }
        self.queues = queues
        team = ThreadTeam(name: label, count: device.members.count)
    }

    func run(_ record: (any Commands) throws(ComputeError) -> Void) throws(ComputeError) -> Double? {
        let commands = TeamCommands()
        try record(commands)
        let steps = try commands.dispatches.map { dispatch throws(ComputeError) in
            (dispatch, call: try dispatch.kernel.call(on: queues.handles[0]))
        }
        cursor.withLock { $0 = Cursor() }
        let failure = Mutex<ComputeError?>(nil)
        let clock = ContinuousClock()
        let start = clock.now
        team.run(steps: steps.count) { [self] member, step in
            guard failure.withLock({ $0 == nil }) else { return }
            do throws(ComputeError) {
                try work(on: steps[step].0, calling: steps[step].call, step, as: member)
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
        return (clock.now - start) / .seconds(1)
    }

    /// Does a member's part of a dispatch.
    private func work(
        on dispatch: TeamCommands.Dispatch, calling call: OpenCLBoundKernel.Call?, _ step: Int, as member: Int
    ) throws(ComputeError) {
        func run(_ tiles: Range<Int>) throws(ComputeError) {
            if let call { return call(dispatch.parameters, tiles: tiles) }
            try dispatch.kernel.run(dispatch.parameters, tiles: tiles, on: queues.handles[member], member: member)
        }
        guard call != nil || dispatch.kernel.isForAllMembers else {
            if member == 0 { try run(dispatch.tiles) }
            return
        }
        guard dispatch.tiles.count > Cursor.least * team.count else {
            let tiles = dispatch.tiles.share(member, of: team.count)
            if !tiles.isEmpty || dispatch.tiles.isEmpty { try run(tiles) }
            return
        }
        while let tiles = cursor.withLock({ $0.next(of: dispatch.tiles, step, members: team.count) }) {
            try run(tiles)
        }
    }
}

/// How far a dispatch of many tiles is handed out: in ever smaller parts, so that members whose cores are slowed by
/// others are not waited for.
private struct Cursor {
    /// Tiles that are not divided further: chosen, more than a product of one row has for each of two cores.
    static let least = 128

    private var step = -1
    private var taken = 0

    mutating func next(of tiles: Range<Int>, _ step: Int, members: Int) -> Range<Int>? {
        if step != self.step { (self.step, taken) = (step, 0) }
        let left = tiles.count - taken
        guard left > 0 else { return nil }
        let count = min(left, max(Self.least, left / (2 * members)))
        defer { taken += count }
        return tiles.lowerBound + taken..<tiles.lowerBound + taken + count
    }
}

/// Dispatches that are kept until all are recorded.
final class TeamCommands: Commands {
    struct Dispatch: Sendable {
        let kernel: OpenCLBoundKernel
        let parameters: Parameters
        let tiles: Range<Int>
    }

    private(set) var dispatches: [Dispatch] = []

    func dispatch(_ kernel: any BoundKernel, _ parameters: Parameters, tiles: Range<Int>) {
        if !tiles.isEmpty { append(kernel, parameters, tiles) }
    }

    func touch(_ kernel: any BoundKernel) { append(kernel, Parameters(zerosFor: kernel.kernel.code), 0..<0) }

    private func append(_ kernel: any BoundKernel, _ parameters: Parameters, _ tiles: Range<Int>) {
        guard let kernel = kernel as? OpenCLBoundKernel else {
            preconditionFailure("a kernel of another backend was dispatched")
        }
        dispatches.append(Dispatch(kernel: kernel, parameters: parameters, tiles: tiles))
    }
}

extension Range<Int> {
    /// The part of the `index`-th of `count` equal members; the first have one more where it does not come out even.
    fileprivate func share(_ index: Int, of count: Int) -> Range {
        func bound(_ index: Int) -> Int { lowerBound + (self.count * index + count - 1) / count }
        return bound(index)..<bound(index + 1)
    }
}
