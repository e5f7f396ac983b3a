import Compute
import Foundation
import Kernels
package import Placement
import Transformer

/// A model on a device, whose passes are measured now: beside serving it, or against what a cost file holds.
package struct ProfileProbe: Sendable {
    /// Requests that are served together, and their lengths in tokens. Chosen: short, so that passes take little beside
    /// what serving adds.
    package static let (requests, promptTokens, outputTokens) = (8, 16, 24)

    private let bench: ProfileBench
    private let cells: [ProfileGrid.Cell]
    private let hasHalves: Bool
    private let devices: Int
    private var grid = ProfileGrid.standard

    /// - Parameter cells: what is to be held against a cost file, on the whole device and on a half.
    init(
        _ packed: PackedWeights, on mesh: Mesh, tuning: Tuning, cells: [ProfileGrid.Cell], seconds: Double
    ) async throws {
        self.cells = cells
        let device = mesh.devices[0], half = device.limits.computeUnits / 2
        devices = mesh.devices.count
        hasHalves = !cells.isEmpty && devices == 1 && device.partitioning.isReal && half > 0
        let all = cells + [Self.alone, Self.together]
        bench = try await ProfileBench(
            packed, on: mesh, tuning: tuning, parts: hasHalves ? [half, half] : [], cells: all, seconds: seconds)
        grid.prefillTokens = max(Self.promptTokens, cells.map(\.tokens).max() ?? 0)
    }

    private static let alone = ProfileGrid.Cell(batch: 1, length: promptTokens + outputTokens / 2)
    private static let together = ProfileGrid.Cell(batch: requests, length: alone.length)

    /// Of the passes behind `requests` requests of `promptTokens` and `outputTokens`.
    package func times() async throws -> ServingCost.Times {
        let prompt = ProfileGrid.Cell(batch: 1, length: Self.promptTokens)
        return ServingCost.Times(
            first: try await bench.prefill(prompt, part: nil), step: try await bench.decode(Self.alone, part: nil),
            stepTogether: try await bench.decode(Self.together, part: nil))
    }

    /// How many times as fast passes are now as `table` has them: the geometric mean over some of its cells.
    func speed(of model: String, against table: CostTable) async throws -> Double {
        var logarithms: [Double] = []
        for cell in cells {
            for (share, part) in [(100, nil), (50, 0)] as [(Int, Int?)] where part == nil || hasHalves {
                let known = table.measurement(
                    of: model, devices: devices, sharePercent: share, batch: cell.batch, length: cell.length)
                let now = try await bench.times(cell, part: part, grid: grid)
                if let known = known?.decode { logarithms.append(log(known / now.decode)) }
                if let known = known?.prefill, let now = now.prefill { logarithms.append(log(known / now)) }
            }
        }
        return exp(logarithms.reduce(0, +) / Double(max(1, logarithms.count)))
    }
}
