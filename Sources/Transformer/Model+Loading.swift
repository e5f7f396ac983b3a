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

    /// Loads a model for lanes that share `pools`: its weights are packed, or read where they were kept, while the
    /// kernels of a first token are compiled. Blocks for seconds.
    ///
    /// Call `compileLater` on each network afterwards and `keep` on each lane's kernels, on a thread that has time.
    ///
    /// - Parameters:
    ///   - pools: of each device of a mesh.
    ///   - lanes: for each lane the kernels of its devices, by rank.
    ///   - shards: into how many the network is cut; a multiple of the devices.
    ///   - packed: the file's weights, where they are packed already.
    ///   - cache: where packed weights are kept; `nil` keeps none.
    ///   - progress: called from several threads.
    /// - Throws: `ModelError`, `GGUFError`, `ComputeError`, `KVError`.
    package static func load(
        _ file: GGUFFile, packed known: PackedWeights? = nil, options: Options, pools: [KVPool],
        lanes: [[KernelSet]], shards: Int = 1, cache: WeightCache?,
        progress: @escaping @Sendable (LoadProgress) -> Void = { _ in }
    ) throws -> Loaded {
        precondition(!lanes.isEmpty, "a model is loaded for at least one lane")
        let steps = Steps(lanes: lanes.count, progress)
        let forms = Set(lanes.joined().map { PanelLayout(vectorWidth: $0.limits.vectorWidth) })
        let packed = try forms.map { try known?.panels == $0 ? known : PackedWeights(reserving: file, $0, shards) }
            .compactMap(\.self)
        @Sendable func pack() throws {
            for (index, form) in packed.enumerated() where form !== known {
                try form.fill(from: file, cache: cache) {
                    steps.packed((Double(index) + $0) / Double(packed.count))
                }
            }
            steps.packed(1)
        }
        let ranks = pools.count, byteCount = packed.reduce(0) { $0 + $1.byteCount }
        let length = try contextLength(
            packed[0].network.cut(into: shards, ranks: ranks), options: options, pool: pools[0])
        func build() throws -> [Model] {
            var weights = [[ObjectIdentifier: NetworkWeights]](repeating: [:], count: ranks)
            var networks: [Model] = []
            for (index, kernels) in lanes.enumerated() {
                let own = try kernels.enumerated().map { rank, kernels in
                    let device = kernels.device
                    let own =
                        try weights[rank][device.memoryDomain]
                        ?? NetworkWeights(
                            packed.form(for: device), contextLength: length, rank: rank, of: ranks, on: device)
                    weights[rank][device.memoryDomain] = own
                    return own
                }
                networks.append(
                    try Model(own, options: options, pools: pools, kernels: kernels) {
                        steps.compiled($0, of: $1, lane: index)
                    })
                steps.compiled(1, of: 1, lane: index)
            }
            return networks
        }
        // Where the device works on the weights where they stand, they may come while kernels are compiled for them.
        guard lanes.joined().allSatisfy(\.limits.importsHostMemory) else {
            try pack()
            return Loaded(networks: try build(), byteCount: byteCount)
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
        return Loaded(networks: try built.get(), byteCount: byteCount)
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

extension [PackedWeights] {
    /// Those that are packed as a device reads them.
    func form(for device: any Device) -> PackedWeights {
        let panels = PanelLayout(vectorWidth: device.limits.vectorWidth)
        guard let form = first(where: { $0.panels == panels }) else {
            preconditionFailure("no weights are packed for \(device.description.name)")
        }
        return form
    }
}
