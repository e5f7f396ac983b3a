public import Compute
import Foundation
import KVCache
import Kernels
public import Transformer

/// Measures how well lanes keep apart: decode steps of one sequence beside a prefill that never ends.
public struct IsolationProbe: Sendable {
    /// Who works on what.
    public enum Arrangement: String, Sendable, Codable, CaseIterable {
        /// One phase at a time has the whole device.
        case alone
        /// Both phases have the whole device, as two streams.
        case oneQueue = "one queue"
        /// Decode alone on its part of the device.
        case aloneOnShare = "alone on its share"
        /// Each phase has its part of the device.
        case shares
    }

    /// What was seen in one arrangement.
    public struct Result: Sendable, Codable {
        public var arrangement: Arrangement
        /// Seconds of a decode step.
        public var decodeMedian: Double
        public var decode99: Double
        public var decodeTokensPerSecond: Double
        public var prefillTokensPerSecond: Double
    }

    /// Tokens of a prefill pass, and those before the decoded one.
    private static let promptTokens = 256

    private let prefillWhole: Stream
    private let decodeWhole: Stream
    private let prefillPart: Stream
    private let decodePart: Stream
    private let seconds: Double
    public let partitioning: Partitioning

    /// Divides the device in two and loads the model on all four streams; blocks.
    ///
    /// - Parameter seconds: the length of each measurement.
    public init(_ packed: PackedLlama, on device: any Device, seconds: Double) throws {
        let half = max(1, device.limits.computeUnits / 2)
        let partition = try device.partition(into: [half, half])
        let devices = [partition.whole, partition.whole] + partition.parts
        let shape = try LlamaModel.kvShape(packed.configuration, type: .f16)
        let pages = shape.pages(for: Self.promptTokens + 1)
        let pool = try KVPool(
            pageCount: 2 * pages, sequences: 2, pagesPerSequence: pages, on: devices)
        var manager = KVManager(pages: 2 * pages)
        let id = try manager.add(shape, weight: 1)
        for age in 0..<2 {
            let sequence = manager.open(id, age: UInt64(age))
            guard case .granted = manager.extend(sequence, to: Self.promptTokens + 1, for: .step) else {
                preconditionFailure("the pool holds both sequences")
            }
            pool.update(slot: Int(sequence.index), table: manager.table(of: sequence), from: 0)
        }
        var weights: [ObjectIdentifier: LlamaWeights] = [:]
        var streams: [Stream] = []
        let isReal = device.partitioning.isReal
        for (index, device) in devices.enumerated() {
            let own =
                try weights[device.memoryDomain]
                ?? LlamaWeights(packed, contextLength: Self.promptTokens + 1, on: device)
            weights[device.memoryDomain] = own
            streams.append(
                try Stream(
                    own, pool: pool, rows: Self.promptTokens, on: device,
                    turn: isReal || index < 2 ? nil : UnitLanes.round / 2))
        }
        (prefillWhole, decodeWhole) = (streams[0], streams[1])
        (prefillPart, decodePart) = (streams[2], streams[3])
        self.seconds = seconds
        partitioning = device.partitioning
    }

    public func measure(_ arrangement: Arrangement) async throws -> Result {
        switch arrangement {
        case .alone:
            var result = try await run(arrangement, decode: decodeWhole, prefill: nil)
            result.prefillTokensPerSecond = try await prefillAlone()
            return result
        case .oneQueue: return try await run(arrangement, decode: decodeWhole, prefill: prefillWhole)
        case .aloneOnShare: return try await run(arrangement, decode: decodePart, prefill: nil)
        case .shares: return try await run(arrangement, decode: decodePart, prefill: prefillPart)
        }
    }

    private func prefillAlone() async throws -> Double {
        let start = ContinuousClock.now
        return try await prefillWhole.prefill { ContinuousClock.now - start > .seconds(seconds) }
    }

    private func run(_ arrangement: Arrangement, decode: Stream, prefill: Stream?) async throws -> Result {
        let isOver = Flag()
        let start = ContinuousClock.now
        async let prefilled = prefill?.prefill { isOver.isSet } ?? 0
        let steps = try await decode.decode { ContinuousClock.now - start > .seconds(seconds) }
        isOver.set()
        let sorted = steps.sorted()
        return Result(
            arrangement: arrangement, decodeMedian: sorted[sorted.count / 2],
            decode99: sorted[min(sorted.count - 1, sorted.count * 99 / 100)],
            decodeTokensPerSecond: Double(steps.count) / steps.reduce(0, +),
            prefillTokensPerSecond: try await prefilled)
    }

    /// One phase's network on a device, and the thread that drives it.
    private final class Stream: Sendable {
        private let network: LlamaModel
        private let lane: any Lane
        private let thread = LaneThread(name: "weft isolation")

        init(_ weights: LlamaWeights, pool: KVPool, rows: Int, on device: any Device, turn: Double?) throws {
            var options = LlamaModel.Options()
            options.maxRows = rows
            options.maxLogitRows = 1
            network = try LlamaModel(weights, options: options, pool: pool, kernels: KernelSet(device: device))
            let lane = try device.makeLane(label: "isolation")
            self.lane = turn.map { SlicedLane(lane, seconds: $0) } ?? lane
            try network.warmUp(on: self.lane)
        }

        /// Prefills until `isOver`.
        /// - Returns: tokens per second, of whole passes.
        func prefill(until isOver: @escaping @Sendable () -> Bool) async throws -> Double {
            try await thread.run { [network, lane] in
                var batch = Batch()
                batch.append(
                    (0..<Int32(IsolationProbe.promptTokens)).map { $0 % 97 + 3 }[...], slot: 0, position: 0,
                    wantsLogits: true)
                var passes = 0
                let start = ContinuousClock.now
                repeat {
                    try network.forward(batch, on: lane)
                    passes += 1
                } while !isOver()
                return Double(passes * batch.rowCount) / (start.duration(to: .now) / .seconds(1))
            }
        }

        /// Decodes until `isOver`; the seconds of each step.
        func decode(until isOver: @escaping @Sendable () -> Bool) async throws -> [Double] {
            try await thread.run { [network, lane] in
                var batch = Batch()
                batch.append([5], slot: 1, position: IsolationProbe.promptTokens, wantsLogits: true)
                var steps: [Double] = []
                let clock = ContinuousClock()
                repeat {
                    steps.append(try clock.measure { try network.forward(batch, on: lane) } / .seconds(1))
                } while !isOver()
                return steps
            }
        }
    }
}
