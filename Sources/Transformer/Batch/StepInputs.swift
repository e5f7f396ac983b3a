import Compute
import Kernels
import Quantities

/// What a step's kernels are told of its rows, in memory that the host writes before each step.
struct StepInputs: Sendable {
    private let tokens: HostArray<UInt32>
    private let positions: HostArray<UInt32>
    private let starts: HostArray<UInt32>
    private let logitRows: HostArray<UInt32>
    private let pool: KVPool
    private let tables: any Buffer

    init(rows: Int, logitRows: Int, pool: KVPool, on device: any Device) throws(ComputeError) {
        self.pool = pool
        tables = pool.tables[device]
        tokens = try HostArray(UInt32.self, count: rows, access: .upload, label: "tokens", on: device)
        positions = try HostArray(UInt32.self, count: rows, access: .upload, label: "positions", on: device)
        starts = try HostArray(UInt32.self, count: rows, access: .upload, label: "starts", on: device)
        self.logitRows = try HostArray(
            UInt32.self, count: logitRows, access: .upload, label: "logit rows", on: device)
    }

    var tokensBuffer: any Buffer { tokens.buffer }
    var logitRowsBuffer: any Buffer { logitRows.buffer }
    var rowBuffers: RowBuffers {
        RowBuffers(positions: positions.buffer, tables: tables, starts: starts.buffer)
    }

    func write(_ batch: Batch) {
        for row in 0..<batch.rowCount {
            tokens[row] = UInt32(batch.tokens[row])
            positions[row] = UInt32(batch.positions[row])
            starts[row] = UInt32(pool.tableStart(batch.slots[row]))
        }
        for (index, row) in batch.logitRows.enumerated() { logitRows[index] = UInt32(row) }
    }

    /// Lets the dispatches of a pass see what was written, and the block tables of its sequences.
    func upload(_ batch: Batch, _ shape: KVShape, _ commands: any Commands) {
        for array in [tokens, positions, starts] { array.upload(0..<batch.rowCount, commands) }
        logitRows.upload(0..<batch.logitRows.count, commands)
        // As far as each sequence's last row goes.
        for row in 0..<batch.rowCount where row + 1 == batch.rowCount || batch.slots[row + 1] != batch.slots[row] {
            let entries = shape.pages(for: batch.positions[row] + 1)
            commands.upload(tables, pool.tableBytes(batch.slots[row], entries: entries))
        }
    }
}
