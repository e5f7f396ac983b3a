import Compute
import Foundation
public import Placement
import Transformer

/// A model on a whole device, whose passes are measured now: beside serving it, or against what a cost file holds.
public struct ProfileProbe: Sendable {
    /// Requests that are served together, and their lengths in tokens.
    public static let (requests, promptTokens, outputTokens) = (8, 16, 24)

    private let bench: ProfileBench
    private let cells: [ProfileGrid.Cell]
    private var grid = ProfileGrid.standard

    init(_ packed: PackedLlama, on device: any Device, cells: [ProfileGrid.Cell], seconds: Double) async throws {
        self.cells = cells
        let all = cells + [Self.alone, Self.together]
        bench = try await ProfileBench(packed, on: device, parts: [], cells: all, seconds: seconds)
        grid.prefillTokens = max(Self.promptTokens, cells.map(\.tokens).max() ?? 0)
    }

    private static let alone = ProfileGrid.Cell(batch: 1, length: promptTokens + outputTokens / 2)
    private static let together = ProfileGrid.Cell(batch: requests, length: alone.length)

    /// Of the passes behind `requests` requests of `promptTokens` and `outputTokens`.
    public func times() async throws -> ServingCost.Times {
        let prompt = ProfileGrid.Cell(batch: 1, length: Self.promptTokens)
        return ServingCost.Times(
            first: try await bench.prefill(prompt, part: nil), step: try await bench.decode(Self.alone, part: nil),
            stepTogether: try await bench.decode(Self.together, part: nil))
    }

    /// How many times as fast passes are now as `table` has them: the geometric mean over some of its cells.
    func speed(of model: String, against table: CostTable) async throws -> Double {
        var logarithms: [Double] = []
        for cell in cells {
            let known = table.measurements.first {
                $0.model == model && $0.sharePercent == 100 && $0.batch == cell.batch && $0.length == cell.length
            }
            let now = try await bench.times(cell, part: nil, grid: grid)
            if let known = known?.decode { logarithms.append(log(known / now.decode)) }
            if let known = known?.prefill, let now = now.prefill { logarithms.append(log(known / now)) }
        }
        return exp(logarithms.reduce(0, +) / Double(max(1, logarithms.count)))
    }
}
