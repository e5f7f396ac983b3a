import Compute
import Dispatch
package import GGUF
package import Kernels
import Synchronization

/// How far the loading of a model is, and what is being done.
package struct LoadProgress: Sendable, Hashable {
    /// 0 to 1.
    package var share: Double
    /// For people: `packing weights 40 %, compiling kernels 3 of 12`.
    package var doing: String

    package init(share: Double, doing: String) {
        self.share = share
        self.doing = doing
    }

    /// Weights are packed before anything else is done.
    package init(packed: Double) { self.init(share: 0.5 * packed, doing: Self.packing(packed)) }

    fileprivate static func packing(_ share: Double) -> String { "packing weights \(Int(100 * share)) %" }
}

extension Model {
    /// A model on every lane of a unit.
    package struct Loaded: Sendable {
        /// One for each lane, in their order.
        package let networks: [Model]
        /// Bytes of all weights.
        package let byteCount: Int
    }

    /// Loads a model for lanes that share `pool`: its weights are packed, or read where they were kept, while the
    /// kernels of a first token are compiled. Blocks for seconds.
    ///
    /// Call `compileLater` on each network afterwards and `keep` on each lane's kernels, on a thread that has time.
    ///
    /// - Parameters:
    ///   - lanes: the kernels of each lane's device; devices of one vector width.
    ///   - packed: the file's weights, where they are packed already.
    ///   - cache: where packed weights are kept; `nil` keeps none.
    ///   - progress: called from several threads.
    /// - Throws: `ModelError`, `GGUFError`, `ComputeError`, `KVError`.
    package static func load(
        _ file: GGUFFile, packed known: PackedWeights? = nil, options: Options, pool: KVPool, lanes: [KernelSet],
        cache: WeightCache?, progress: @escaping @Sendable (LoadProgress) -> Void = { _ in }
    ) throws -> Loaded {
        precondition(!lanes.isEmpty, "a model is loaded for at least one lane")
        let steps = Steps(lanes: lanes.count, progress)
        let packed = try known ?? PackedWeights(reserving: file, vectorWidth: lanes[0].limits.vectorWidth)
        @Sendable func pack() throws {
            if known == nil { try packed.fill(from: file, cache: cache) { steps.packed($0) } } else { steps.packed(1) }
        }
        let length = try contextLength(packed.network, options: options, pool: pool)
        func build() throws -> [Model] {
            var weights: [ObjectIdentifier: NetworkWeights] = [:]
            var networks: [Model] = []
            for (index, kernels) in lanes.enumerated() {
                let domain = kernels.device.memoryDomain
                let own = try weights[domain] ?? NetworkWeights(packed, contextLength: length, on: kernels.device)
                weights[domain] = own
                networks.append(
                    try Model(own, options: options, pool: pool, kernels: kernels) {
                        steps.compiled($0, of: $1, lane: index)
                    })
                steps.compiled(1, of: 1, lane: index)
            }
            return networks
        }
        // Where the device works on the weights where they stand, they may come while kernels are compiled for them.
        guard lanes.allSatisfy(\.limits.importsHostMemory) else {
            try pack()
            return Loaded(networks: try build(), byteCount: packed.byteCount)
        }
        let packing = DispatchGroup()
        let result = Mutex<Result<Void, any Error>>(.success(()))
        DispatchQueue(label: "weft packing").async(group: packing) {
            let outcome = Result { try pack() }
            result.withLock { $0 = outcome }
        }
        let built = Result { try build() }
        // Also where building failed: the weights are being written to.
        packing.wait()
        try result.withLock { $0 }.get()
        return Loaded(networks: try built.get(), byteCount: packed.byteCount)
    }

    /// Puts what several threads do into one line.
    private final class Steps: Sendable {
        private struct State {
            var packed = 0.0
            var lanes: [(done: Int, of: Int)]

            var progress: LoadProgress {
                let compiled = lanes.reduce(0) { $0 + Double($1.done) / Double($1.of) } / Double(lanes.count)
                var doing: [String] = []
                if packed < 1 { doing.append(LoadProgress.packing(packed)) }
                if let (index, lane) = lanes.enumerated().first(where: { $1.done < $1.of }) {
                    let place = lanes.count > 1 ? " for lane \(index + 1) of \(lanes.count)" : ""
                    doing.append("compiling kernels\(place) \(lane.done) of \(lane.of)")
                }
                // Chosen: which of the two takes longer differs from device to device.
                return LoadProgress(share: 0.5 * packed + 0.5 * compiled, doing: doing.joined(separator: ", "))
            }
        }

        private let state: Mutex<State>
        private let progress: @Sendable (LoadProgress) -> Void

        init(lanes: Int, _ progress: @escaping @Sendable (LoadProgress) -> Void) {
            state = Mutex(State(lanes: Array(repeating: (0, 1), count: lanes)))
            self.progress = progress
        }

        func packed(_ share: Double) { show { $0.packed = share } }

        func compiled(_ done: Int, of count: Int, lane: Int) { show { $0.lanes[lane] = (done, max(1, count)) } }

        private func show(_ change: (inout State) -> Void) {
            // Told under the lock, so that what is told last is how it ended.
            state.withLock { state in
                change(&state)
                progress(state.progress)
            }
        }
    }
}
