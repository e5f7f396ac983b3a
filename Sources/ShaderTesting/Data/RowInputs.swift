import Compute
import Kernels

/// The buffers that say where each row of a batch belongs.
struct RowInputs {
    let inputs: [TestBuffer]
    let buffers: RowBuffers

    init(
        _ rows: [PagedSequences.Row], _ pages: PagedSequences, mask: AttentionMask = .causal, on device: any Device
    ) throws(ComputeError) {
        let places = rows.flatMap { row in
            let tokens = mask.tokens(at: row.position, of: pages.lengths[row.sequence])
            return [row.position, pages.starts[row.sequence], tokens.lowerBound, tokens.upperBound]
        }
        inputs = [
            try TestBuffer("rows", indices: places, on: device),
            try TestBuffer("tables", indices: pages.tables, on: device),
        ]
        buffers = RowBuffers(rows: inputs[0].buffer, mask: mask, tables: inputs[1].buffer)
    }
}
