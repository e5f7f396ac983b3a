public import Compute
public import KVCache

/// The pages of a device, and the block tables by which kernels find them: shared by all models of a unit.
public final class KVPool: Sendable {
    public let pageCount: Int
    public let pageBytes: Int
    /// The most sequences that have a block table at once.
    public let sequences: Int
    /// The most pages of one sequence.
    public let pagesPerSequence: Int
    let pages: any Buffer
    let tables: HostArray<UInt32>

    /// Reserves the memory.
    /// - Throws: `ComputeError.outOfMemory`, which says how much was asked.
    public init(
        pageCount: Int, pageBytes: Int = KVShape.defaultPageBytes, sequences: Int, pagesPerSequence: Int,
        on device: any Device
    ) throws(ComputeError) {
        self.pageCount = pageCount
        self.pageBytes = pageBytes
        self.sequences = sequences
        self.pagesPerSequence = pagesPerSequence
        pages = try device.makeBuffer(byteCount: pageCount * pageBytes, access: .device, label: "KV pool")
        tables = try HostArray(UInt32.self, count: sequences * pagesPerSequence, label: "block tables", on: device)
    }

    /// Where the block table of the sequence in `slot` begins.
    func tableStart(_ slot: Int) -> Int {
        precondition(slot < sequences, "no block table for sequence slot \(slot)")
        return slot * pagesPerSequence
    }

    /// Shows kernels the pages of a sequence's table from `first` on.
    public func update(slot: Int, table: BlockTable, from first: Int) {
        tables.replace(from: tableStart(slot) + first, with: table.pages[first...])
    }

    /// Lets the first `count` places of a slot's table name the pool's first page.
    func clearTable(slot: Int, pages count: Int) {
        tables.replace(from: tableStart(slot), with: repeatElement(0, count: min(count, pagesPerSequence)))
    }
}
