import Compute
import Kernels
import Quantities
import Transformer

/// A model on a divided device or on a mesh, ready to be measured: its sequences are in the pool.
struct ProfileBench: Sendable {
    /// Streams on the whole device and on each part.
    let whole: MeasuredStream
    let parts: [MeasuredStream]
    let seconds: Double

    /// Loads the model on the device and `parts` of it, and prefills the sequences of `cells`.
    ///
    /// - Parameter parts: the sizes of two parts, of one, or none; none of a mesh of several devices.
    init(
        _ packed: PackedWeights, on mesh: Mesh, tuning: Tuning, parts: [Int], cells: [ProfileGrid.Cell],
        seconds: Double
    ) async throws {
        precondition(parts.isEmpty || mesh.devices.count == 1, "a mesh is measured whole")
        let partition = parts.isEmpty ? nil : try mesh.devices[0].partition(into: parts)
        let meshes = partition.map { ([$0.whole] + $0.parts).map { Mesh($0) } } ?? [mesh]
        let lengths = Self.lengths(cells, contextLength: packed.network.contextLength)
        let streams = try MeasuredStream.streams(packed, on: meshes.map { ($0, nil) }, slots: lengths, tuning: tuning)
        (whole, self.parts, self.seconds) = (streams[0], Array(streams[1...]), seconds)
        try await fill(lengths)
    }

    /// The tokens of each slot's sequence: what the cells need, and the contending jobs, each on slots of its own.
    private static func lengths(_ cells: [ProfileGrid.Cell], contextLength: Int) -> [Int] {
        let slots = max(cells.map(\.batch).max() ?? 1, contendingSlots)
        return (0..<slots).map { slot in
            let needed = cells.filter { $0.batch > slot }.map(\.length).max() ?? 1
            return min(contextLength - 1, max(needed, slot < contendingSlots ? contending.prefill : 1))
        }
    }

    private func fill(_ lengths: [Int]) async throws {
        for (slot, length) in lengths.enumerated() {
            for start in stride(from: 0, to: length, by: whole.maxRows) {
                let tokens = min(whole.maxRows, length - start)
                try await whole.run(
                    .prompts(tokens, slots: slot..<slot + 1, at: start, wantsLogits: start + tokens == length))
            }
        }
    }

    /// Seconds of a cell's passes.
    struct Times {
        /// `nil` where the cell is too large for one pass.
        var prefill: Double?
        var decode: Double

        func mean(with other: Times) -> Times {
            Times(
                prefill: prefill.map { ($0 + (other.prefill ?? $0)) / 2 }, decode: (decode + other.decode) / 2)
        }
    }

    /// Measures a prefill, where the cell is small enough for one pass, and a decode step.
    ///
    /// - Parameter part: the position of the part; `nil` for the whole device.
    func times(_ cell: ProfileGrid.Cell, part: Int?, grid: ProfileGrid) async throws -> Times {
        let decode = try await decode(cell, part: part)
        guard cell.tokens <= min(grid.prefillTokens, stream(part).maxRows) else {
            return Times(prefill: nil, decode: decode)
        }
        return Times(prefill: try await prefill(cell, part: part), decode: decode)
    }

    /// Seconds of a decode step.
    func decode(_ cell: ProfileGrid.Cell, part: Int?) async throws -> Double {
        try await median(.steps(after: cell.length, slots: 0..<cell.batch), part)
    }

    /// Seconds of a prefill in one pass.
    func prefill(_ cell: ProfileGrid.Cell, part: Int?) async throws -> Double {
        try await median(.prompts(cell.length, slots: 0..<cell.batch), part)
    }

    private func median(_ batch: Batch, _ part: Int?) async throws -> Double {
        let times = try await stream(part).times(batch, for: seconds / 2, passes: 9)
        return times.median() ?? 0
    }

    private func stream(_ part: Int?) -> MeasuredStream { part.map { parts[$0] } ?? whole }
}
