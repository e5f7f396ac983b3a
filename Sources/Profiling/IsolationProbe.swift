package import Compute
import Engine
import Foundation
import Kernels
package import Transformer

/// Measures how well lanes keep apart: decode steps of one sequence beside a prefill that never ends.
package struct IsolationProbe: Sendable {
    /// Who works on what.
    package enum Arrangement: String, Sendable, Codable, CaseIterable {
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
    package struct Result: Sendable, Codable {
        package var arrangement: Arrangement
        /// Seconds of a decode step.
        package var decodeMedian: Double
        package var decode99: Double
        package var decodeTokensPerSecond: Double
        package var prefillTokensPerSecond: Double
    }

    /// Tokens of a prefill pass, and those before the decoded one. Chosen: a standard chunk.
    private static let promptTokens = 256

    private let prefillWhole: MeasuredStream
    private let decodeWhole: MeasuredStream
    private let prefillPart: MeasuredStream
    private let decodePart: MeasuredStream
    private let seconds: Double
    package let partitioning: Partitioning

    /// Divides the device in two and loads the model on all four streams; blocks.
    ///
    /// - Parameter seconds: the length of each measurement.
    package init(_ packed: PackedWeights, on device: any Device, seconds: Double) throws {
        let half = max(1, device.limits.computeUnits / 2)
        let partition = try device.partition(into: [half, half])
        let turn = device.partitioning.isReal ? nil : UnitLanes.round / 2
        let places =
            [partition.whole, partition.whole].map { (Mesh($0), nil) } + partition.parts.map { (Mesh($0), turn) }
        let streams = try MeasuredStream.streams(
            packed, on: places, slots: [Self.promptTokens, Self.promptTokens], tuning: Tuning(),
            rows: Self.promptTokens)
        (prefillWhole, decodeWhole) = (streams[0], streams[1])
        (prefillPart, decodePart) = (streams[2], streams[3])
        self.seconds = seconds
        partitioning = device.partitioning
    }

    package func measure(_ arrangement: Arrangement) async throws -> Result {
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
        Self.speed(try await prefillWhole.times(Self.prompt, for: seconds))
    }

    private func run(
        _ arrangement: Arrangement, decode: MeasuredStream, prefill: MeasuredStream?
    ) async throws -> Result {
        let isOver = StopFlag()
        async let prompts = prefill?.times(Self.prompt, until: isOver) ?? []
        let steps = try await decode.times(.steps(after: Self.promptTokens, slots: 1..<2), for: seconds)
        isOver.set()
        let sorted = steps.sorted()
        return Result(
            arrangement: arrangement, decodeMedian: sorted[sorted.count / 2],
            decode99: sorted[min(sorted.count - 1, sorted.count * 99 / 100)],
            decodeTokensPerSecond: Double(steps.count) / steps.reduce(0, +),
            prefillTokensPerSecond: Self.speed(try await prompts))
    }

    private static let prompt = Batch.prompts(promptTokens, slots: 0..<1)

    /// Tokens per second of whole prompts; 0 where there was none.
    private static func speed(_ times: [Double]) -> Double {
        times.isEmpty ? 0 : Double(times.count * promptTokens) / times.reduce(0, +)
    }
}
