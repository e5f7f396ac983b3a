import Synchronization

/// A lane that does long work in slices, so that other lanes of the same queue get their turns between them.
///
/// With one slice of each lane in the queue at any time, lanes share the device by the lengths of their slices.
package final class SlicedLane: Lane {
    private let lane: any Lane
    private let tuner: Mutex<SliceTuner<ObjectIdentifier>>

    /// - Parameter seconds: the length of a slice that is aimed at.
    package init(_ lane: any Lane, seconds: Double) {
        self.lane = lane
        tuner = Mutex(SliceTuner(target: seconds))
    }

    package func run(_ record: (any Commands) throws(ComputeError) -> Void) throws(ComputeError) -> Double? {
        let recorder = Recorder()
        try record(recorder)
        var rest = recorder.pieces[...]
        var total = 0.0
        while !rest.isEmpty {
            var remaining = rest
            let slice = tuner.withLock { $0.next(&remaining) }
            rest = remaining
            let start = ContinuousClock.now
            let measured = try lane.run { commands throws(ComputeError) in
                for piece in slice {
                    let dispatch = recorder.dispatches[piece.index]
                    commands.dispatch(dispatch.kernel, dispatch.parameters, tiles: piece.tiles)
                }
            }
            let seconds = measured ?? start.duration(to: .now) / .seconds(1)
            tuner.withLock { $0.learn(slice, seconds: seconds) }
            total += seconds
        }
        return total
    }

    /// Keeps dispatches for later.
    private final class Recorder: Commands {
        private(set) var dispatches: [(kernel: any BoundKernel, parameters: Parameters)] = []
        private(set) var pieces: [SliceTuner<ObjectIdentifier>.Piece] = []

        func dispatch(_ kernel: any BoundKernel, _ parameters: Parameters, tiles: Range<Int>) {
            guard !tiles.isEmpty else { return }
            pieces.append(.init(key: ObjectIdentifier(kernel), tiles: tiles, index: dispatches.count))
            dispatches.append((kernel, parameters))
        }
    }
}
