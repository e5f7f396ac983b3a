import Synchronization

/// A lane that does long work in slices: so that other lanes of the same queue get their turns between them, and so
/// that no submission is longer than a driver's watchdog allows.
///
/// With one slice of each lane in the queue at any time, lanes share the device by the lengths of their slices.
package final class SlicedLane: Lane {
    private let lane: any Lane
    private let state: Mutex<State>

    private struct State {
        var tuner: SliceTuner<ObjectIdentifier>
        /// The kernels whose costs are known. Another may stand where one of an unloaded model stood.
        var kernels: [ObjectIdentifier: Known] = [:]

        struct Known {
            weak var kernel: (any BoundKernel)?
        }

        mutating func meet(_ dispatched: [(kernel: any BoundKernel, parameters: Parameters)]) {
            let new = dispatched.filter { kernels[ObjectIdentifier($0.kernel)]?.kernel !== $0.kernel }
            guard !new.isEmpty else { return }
            for (id, known) in kernels where known.kernel == nil {
                kernels[id] = nil
                tuner.forget(id)
            }
            for (kernel, _) in new { kernels[ObjectIdentifier(kernel)] = Known(kernel: kernel) }
        }
    }

    /// - Parameters:
    ///   - lane: where it is sliced already, its slices are replaced.
    ///   - seconds: the length of a slice that is aimed at.
    package init(_ lane: any Lane, seconds: Double) {
        self.lane = (lane as? SlicedLane)?.lane ?? lane
        state = Mutex(State(tuner: SliceTuner(target: seconds)))
    }

    package func run(_ record: (any Commands) throws(ComputeError) -> Void) throws(ComputeError) -> Double? {
        let recorder = Recorder()
        try record(recorder)
        state.withLock { $0.meet(recorder.dispatches) }
        var rest = recorder.pieces[...]
        var (uploads, copies) = (recorder.uploads, recorder.copies)
        var (touched, downloads) = (recorder.touched, recorder.downloads)
        var total = 0.0
        while !(rest.isEmpty && uploads.isEmpty && copies.isEmpty && touched.isEmpty && downloads.isEmpty) {
            var remaining = rest
            let slice = state.withLock { $0.tuner.next(&remaining) }
            rest = remaining
            let start = ContinuousClock.now
            let measured = try lane.run { commands throws(ComputeError) in
                for (buffer, range) in uploads { commands.upload(buffer, range) }
                for (source, target, range) in copies { commands.copy(source, to: target, range) }
                for kernel in touched { commands.touch(kernel) }
                for piece in slice {
                    let dispatch = recorder.dispatches[piece.index]
                    commands.dispatch(dispatch.kernel, dispatch.parameters, tiles: piece.tiles)
                }
                if remaining.isEmpty { for (buffer, range) in downloads { commands.download(buffer, range) } }
            }
            (uploads, copies, touched) = ([], [], [])
            if rest.isEmpty { downloads = [] }
            let seconds = measured ?? start.duration(to: .now) / .seconds(1)
            state.withLock { $0.tuner.learn(slice, seconds: seconds) }
            total += seconds
        }
        return total
    }

    /// Keeps commands for later.
    private final class Recorder: Commands {
        private(set) var dispatches: [(kernel: any BoundKernel, parameters: Parameters)] = []
        private(set) var pieces: [SliceTuner<ObjectIdentifier>.Piece] = []
        private(set) var uploads: [(buffer: any Buffer, range: Range<Int>)] = []
        private(set) var copies: [(source: any Buffer, target: any Buffer, range: Range<Int>)] = []
        private(set) var downloads: [(buffer: any Buffer, range: Range<Int>)] = []
        /// Kernels to be run over nothing, at any time.
        private(set) var touched: [any BoundKernel] = []

        func dispatch(_ kernel: any BoundKernel, _ parameters: Parameters, tiles: Range<Int>) {
            guard !tiles.isEmpty else { return }
            pieces.append(.init(key: ObjectIdentifier(kernel), tiles: tiles, index: dispatches.count))
            dispatches.append((kernel, parameters))
        }

        func upload(_ buffer: any Buffer, _ range: Range<Int>) { uploads.append((buffer, range)) }

        func copy(_ source: any Buffer, to target: any Buffer, _ range: Range<Int>) {
            copies.append((source, target, range))
        }

        func download(_ buffer: any Buffer, _ range: Range<Int>) { downloads.append((buffer, range)) }

        func touch(_ kernel: any BoundKernel) { touched.append(kernel) }
    }
}

extension Device {
    /// How long one submission is to take, in seconds; `nil` on CPU drivers, which have no watchdog.
    ///
    /// Windows and, since Linux 7, amdgpu end what takes 2 s. Chosen: an eighth of that, as kernels whose tiles grow
    /// with the context may take several times what was measured of them last; a fence in each quarter of a second
    /// costs nothing.
    private var submissionSeconds: Double? { description.kind == .cpu ? nil : 0.25 }

    /// A lane whose submissions no watchdog ends: every `makeLane` gives its lanes through this.
    package func bounded(_ lane: any Lane) -> any Lane {
        submissionSeconds.map { SlicedLane(lane, seconds: $0) } ?? lane
    }

    /// An ordered stream of commands on this device.
    ///
    /// - Parameter turn: seconds of a slice, where lanes take turns on one queue.
    package func makeLane(label: String, turn: Double?) throws(ComputeError) -> any Lane {
        let lane = try makeLane(label: label)
        guard let turn else { return lane }
        return SlicedLane(lane, seconds: min(turn, submissionSeconds ?? turn))
    }
}
