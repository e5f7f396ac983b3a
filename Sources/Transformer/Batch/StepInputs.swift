import Compute
import Kernels
import Quantities

/// What a step's kernels are told of its rows, in memory that the host writes before each step.
struct StepInputs: Sendable {
    private let tokens: HostArray<UInt32>
    /// Of each kind of layer, by what its rows attend to.
    private let rows: [AttentionMask: HostArray<RowPlace>]
    /// Of networks that keep a state.
    private let pieces: HostArray<PiecePlace>?
    private let logitRows: HostArray<UInt32>
    private let pool: KVPool
    private let tables: any Buffer
    /// Whether the pool is the pass's own: pieces then stand one behind the other in the only table.
    private let isOwn: Bool

    init(
        _ network: Network, rows: Int, logitRows: Int, pool: KVPool, isOwn: Bool, on device: any Device
    ) throws(ComputeError) {
        self.pool = pool
        self.isOwn = isOwn
        tables = pool.tables[device]
        tokens = try HostArray(UInt32.self, count: rows, access: .upload, label: "tokens", on: device)
        var arrays: [AttentionMask: HostArray<RowPlace>] = [:]
        for mask in Set(network.blocks.compactMap(\.attention?.mask)) {
            arrays[mask] = try HostArray(
                RowPlace.self, count: rows, access: .upload, label: "rows \(mask)", on: device)
        }
        self.rows = arrays
        let hasStates = network.blocks.contains { $0.recurrent != nil }
        pieces =
            hasStates
            ? try HostArray(PiecePlace.self, count: rows, access: .upload, label: "pieces", on: device) : nil
        self.logitRows = try HostArray(
            UInt32.self, count: logitRows, access: .upload, label: "logit rows", on: device)
    }

    var tokensBuffer: any Buffer { tokens.buffer }
    var logitRowsBuffer: any Buffer { logitRows.buffer }

    /// The rows of layers with a mask, which is one of those that the inputs were made for.
    func rowBuffers(_ mask: AttentionMask) -> RowBuffers {
        guard let rows = rows[mask] else { preconditionFailure("no rows of \(mask)") }
        return RowBuffers(rows: rows.buffer, mask: mask, tables: tables)
    }

    /// The pieces of networks that keep a state.
    func pieceBuffers(pool: any Buffer, pageBytes: Int) -> PieceBuffers {
        guard let pieces else { preconditionFailure("a network without states has no list of pieces") }
        return PieceBuffers(pieces: pieces.buffer, tables: tables, pool: pool, pageBytes: pageBytes)
    }

    func write(_ batch: Batch, _ shape: KVShape) {
        var length = 0, table = isOwn ? ownEntries(of: batch, shape) : 0
        for row in (0..<batch.rowCount).reversed() {
            let position = batch.positions[row]
            if batch.endsPiece(row) {
                length = position + 1
                table = isOwn ? table - shape.pages(for: length) : pool.tableStart(batch.slots[row]) + shape.statePages
            }
            tokens[row] = UInt32(batch.tokens[row])
            for (mask, rows) in rows {
                rows[row] = RowPlace(position: position, table: table, tokens: mask.tokens(at: position, of: length))
            }
        }
        for (index, row) in batch.logitRows.enumerated() { logitRows[index] = UInt32(row) }
        guard let pieces else { return }
        var (first, count) = (0, 0)
        for row in 0..<batch.rowCount where batch.endsPiece(row) {
            pieces[count] = PiecePlace(
                rows: first..<row + 1, table: pool.tableStart(batch.slots[row]), position: batch.positions[first])
            (first, count) = (row + 1, count + 1)
        }
    }

    /// Lets the dispatches of a pass see what was written, and the block tables of its sequences.
    func upload(_ batch: Batch, _ shape: KVShape, _ commands: any Commands) {
        tokens.upload(0..<batch.rowCount, commands)
        for rows in rows.values { rows.upload(0..<batch.rowCount, commands) }
        logitRows.upload(0..<batch.logitRows.count, commands)
        pieces?.upload(0..<batch.pieces, commands)
        if isOwn { return commands.upload(tables, pool.tableBytes(0, entries: ownEntries(of: batch, shape))) }
        // As far as each sequence's last row goes.
        for row in 0..<batch.rowCount where batch.endsPiece(row) {
            let entries = shape.pages(for: batch.positions[row] + 1)
            commands.upload(tables, pool.tableBytes(batch.slots[row], entries: entries))
        }
    }

    /// The pages of all pieces, where each stands whole in the batch.
    private func ownEntries(of batch: Batch, _ shape: KVShape) -> Int {
        (0..<batch.rowCount).reduce(0) {
            batch.endsPiece($1) ? $0 + shape.pages(for: batch.positions[$1] + 1) : $0
        }
    }
}
