import Compute
import Kernels

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
        tokens = try HostArray(UInt32.self, count: rows, label: "tokens", on: device)
        positions = try HostArray(UInt32.self, count: rows, label: "positions", on: device)
        starts = try HostArray(UInt32.self, count: rows, label: "starts", on: device)
        self.logitRows = try HostArray(UInt32.self, count: logitRows, label: "logit rows", on: device)
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
}
