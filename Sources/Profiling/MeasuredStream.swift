import Compute
import Engine
import Foundation
import KVCache
import Kernels
import Quantities
import Transformer

/// A model's network on a part of a device, and the thread that drives it for measurements.
final class MeasuredStream: Sendable {
    private let network: Model
    private let lane: MeshLane
    private let thread = LaneThread(name: "weft measuring")

    private init(
        _ weights: [NetworkWeights], pools: [KVPool], options: Model.Options, on mesh: Mesh, turn: Double?,
        _ tuning: Tuning
    ) throws {
        network = try Model(
            weights, options: options, pools: pools,
            kernels: mesh.devices.map { try KernelSet(device: $0, tuning: tuning) })
        lane = MeshLane(
            try mesh.devices.map { device throws(ComputeError) in
                try device.makeLane(label: "measuring", turn: turn)
            }, name: "weft measuring")
        try network.warmUp(on: lane)
    }

    /// Streams of one model and one pool, in which slot `i` has pages for `slots[i]` tokens and one more.
    ///
    /// - Parameters:
    ///   - packed: cut into as many shards as there are devices.
    ///   - places: the device or devices of each stream, and seconds of a slice where it takes turns with others.
    ///   - tuning: the shapes of products, on all of them.
    ///   - rows: the most tokens of a pass; `nil` for the model's own limit.
    static func streams(
        _ packed: PackedWeights, on places: [(mesh: Mesh, turn: Double?)], slots: [Int], tuning: Tuning,
        rows: Int? = nil
    ) throws -> [MeasuredStream] {
        let ranks = places[0].mesh.devices.count
        let shape = try Model.kvShape(packed.network.cut(into: ranks, ranks: ranks), type: .f16)
        let pools = try (0..<ranks).map { rank in try pool(shape, slots, on: places.map { $0.mesh.devices[rank] }) }
        let contextLength = (slots.max() ?? 1) + 1
        var options = Model.Options()
        options.contextLength = contextLength
        options.maxLogitRows = slots.count
        if let rows { options.maxRows = rows }
        var weights = [[ObjectIdentifier: NetworkWeights]](repeating: [:], count: ranks)
        return try places.map { mesh, turn in
            let own = try mesh.devices.enumerated().map { rank, device in
                let known = weights[rank][device.memoryDomain]
                let own =
                    try known
                    ?? NetworkWeights(packed, contextLength: contextLength, rank: rank, of: ranks, on: device)
                weights[rank][device.memoryDomain] = own
                return own
            }
            return try MeasuredStream(own, pools: pools, options: options, on: mesh, turn: turn, tuning)
        }
    }

    /// Seconds that a meeting of the devices takes in which nothing is shown: the median of many passes.
    func meetingSeconds() async throws -> Double {
        let parts = network.meetings + 1
        return try await thread.run { [lane] in
            let clock = ContinuousClock()
            var times: [Double] = []
            for _ in 0..<Self.meetingPasses {
                times.append(try clock.measure { try lane.run(parts: parts) { _, _, _ in } } / .seconds(1))
            }
            return (times.median() ?? 0) / Double(parts)
        }
    }

    /// Chosen: a second at most, with meetings of a millisecond in a model of 50 layers.
    private static let meetingPasses = 10

    /// How often its devices meet in a pass.
    var meetings: Int { network.meetings }

    private static func pool(_ shape: KVShape, _ slots: [Int], on devices: [any Device]) throws -> KVPool {
        let pages = slots.map { shape.pages(for: $0 + 1) }
        let pool = try KVPool(
            pageCount: pages.reduce(0, +), sequences: slots.count, pagesPerSequence: pages.max() ?? 1, on: devices)
        var manager = KVManager(pages: pool.pageCount)
        let id = try manager.add(shape, weight: 1)
        for (age, tokens) in slots.enumerated() {
            let sequence = manager.open(id, rank: SequenceRank(age: UInt64(age)))
            guard case .granted = manager.extend(sequence, to: tokens + 1, for: .step) else {
                preconditionFailure("the pool holds every sequence")
            }
            pool.update(slot: sequence.index, manager[sequence].pages, from: 0)
        }
        return pool
    }

    var maxRows: Int { network.maxRows }

    /// Runs a batch once.
    func run(_ batch: Batch) async throws {
        try await thread.run { [network, lane] in _ = try network.forward(batch, on: lane) }
    }

    /// The seconds that each of several passes takes with its draws.
    ///
    /// - Parameters:
    ///   - seconds: how long it is tried, but for one pass that takes longer.
    ///   - passes: after how many it is enough.
    func times(_ batch: Batch, for seconds: Double, passes: Int = .max) async throws -> [Double] {
        let start = ContinuousClock.now
        return try await times(batch) { $0 >= passes || ContinuousClock.now - start > .seconds(seconds) }
    }

    /// The same while `isOver` is not set.
    func times(_ batch: Batch, until isOver: StopFlag) async throws -> [Double] {
        try await times(batch) { _ in isOver.isSet }
    }

    private func times(
        _ batch: Batch, until isEnough: @escaping @Sendable (Int) -> Bool
    ) async throws -> [Double] {
        let greedy = Sampler(SamplingOptions(), prompt: [], seed: 1)
        let batch = network.findsCandidates ? batch.asking(greedy.query) : batch
        return try await thread.run { [network, lane] in
            var times: [Double] = []
            repeat {
                let clock = ContinuousClock()
                times.append(
                    try clock.measure {
                        try network.forward(batch, on: lane)
                        for index in batch.logitRows.indices {
                            var sampler = greedy
                            _ = try network.draw(
                                index, asking: batch.queries[index], with: &sampler, on: lane)
                        }
                    } / .seconds(1))
            } while !isEnough(times.count)
            return times
        }
    }
}
