import Compute
import Foundation
import Kernels
import Transformer

/// A model's network on a part of a device, and the thread that drives it for measurements.
final class ProfileStream: Sendable {
    private let network: LlamaModel
    private let lane: any Lane
    private let thread = LaneThread(name: "weft profile")

    init(
        _ weights: LlamaWeights, pool: KVPool, options: LlamaModel.Options, on device: any Device
    ) throws {
        network = try LlamaModel(weights, options: options, pool: pool, kernels: KernelSet(device: device))
        lane = try device.makeLane(label: "profile")
        try network.warmUp(on: lane)
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
    func times(_ batch: Batch, for seconds: Double, passes: Int = 9) async throws -> [Double] {
        let start = ContinuousClock.now
        return try await times(batch) { $0 >= passes || ContinuousClock.now - start > .seconds(seconds) }
    }

    /// The same while `isOver` is not set.
    func times(_ batch: Batch, until isOver: Flag) async throws -> [Double] {
        try await times(batch) { _ in isOver.isSet }
    }

    private func times(
        _ batch: Batch, until isEnough: @escaping @Sendable (Int) -> Bool
    ) async throws -> [Double] {
        try await thread.run { [network, lane] in
            var times: [Double] = []
            repeat {
                let clock = ContinuousClock()
                times.append(
                    try clock.measure {
                        try network.forward(batch, on: lane)
                        for index in batch.logitRows.indices { Self.draw(index, from: network) }
                    } / .seconds(1))
            } while !isEnough(times.count)
            return times
        }
    }

    private static func draw(_ index: Int, from network: LlamaModel) {
        var sampler = Sampler(SamplingOptions(), prompt: [], seed: 1)
        _ = network.withLogits(index) { sampler.draw($0) }
    }
}
