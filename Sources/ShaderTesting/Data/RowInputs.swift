import Compute
import Kernels

/// The buffers that say where each row of a batch belongs.
struct RowInputs {
    let inputs: [TestBuffer]
    let buffers: RowBuffers

    init(_ rows: [PagedSequences.Row], _ pages: PagedSequences, on device: any Device) throws(ComputeError) {
        inputs = [
            try TestBuffer("positions", indices: rows.map(\.position), on: device),
            try TestBuffer("tables", indices: pages.tables, on: device),
            try TestBuffer("starts", indices: rows.map { pages.starts[$0.sequence] }, on: device),
        ]
        buffers = RowBuffers(positions: inputs[0].buffer, tables: inputs[1].buffer, starts: inputs[2].buffer)
    }
}
