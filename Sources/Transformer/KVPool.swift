package import Compute
package import KVCache
import Quantities

/// The pages of a device, and the block tables by which kernels find them: shared by all models of a unit.
package final class KVPool: Sendable {
    package let pageCount: Int
    package let pageBytes: Int
    /// The most sequences that have a block table at once.
    package let sequences: Int
    /// The most pages of one sequence.
    package let pagesPerSequence: Int
    let pages: SharedBuffer
    let tables: SharedBuffer
    private let tableEntries: HostArray<UInt32>

    /// Reserves the memory.
    /// - Parameter devices: a device, or parts of one, that all work on the pool.
    /// - Throws: `ComputeError.outOfMemory`, which says how much was asked.
    package init(
        pageCount: Int, pageBytes: Int = PageLayout.defaultPageBytes, sequences: Int, pagesPerSequence: Int,
        on devices: [any Device]
    ) throws(ComputeError) {
        self.pageCount = pageCount
        self.pageBytes = pageBytes
        self.sequences = sequences
        self.pagesPerSequence = pagesPerSequence
        precondition(!devices.isEmpty, "a pool is on a device")
        // One page and one table more, for models that are warmed up while others serve.
        pages = try SharedBuffer(
            byteCount: (pageCount + 1) * pageBytes, access: .device, label: "KV pool", on: devices)
        let entries = (sequences + 1) * pagesPerSequence
        tables = try SharedBuffer(
            byteCount: max(16, 4 * entries), access: .upload, label: "block tables", on: devices)
        tableEntries = try HostArray(UInt32.self, count: entries, in: tables[devices[0]], of: devices[0])
        prepareTrials()
    }

    /// Where the block table of the sequence in `slot` begins.
    func tableStart(_ slot: Int) -> Int {
        precondition(slot <= trialSlot, "no block table for sequence slot \(slot)")
        return slot * pagesPerSequence
    }

    /// Lets kernels see pages of a sequence's table, of which they are the ones from `first` on.
    package func update(slot: Int, _ pages: some Collection<PageID>, from first: Int) {
        tableEntries.replace(from: tableStart(slot) + first, with: pages)
    }

    /// The bytes of the first `entries` of the table of the sequence in `slot`.
    func tableBytes(_ slot: Int, entries: Int) -> Range<Int> {
        let start = tableStart(slot)
        return 4 * start..<4 * (start + min(entries, pagesPerSequence))
    }

    /// A pool of one sequence, whose table names all pages in their order: of a pass whose keys and values nobody reads
    /// behind it.
    static func ofPass(pages: Int, pageBytes: Int, on device: any Device) throws(ComputeError) -> KVPool {
        let pool = try KVPool(
            pageCount: pages, pageBytes: pageBytes, sequences: 1, pagesPerSequence: pages, on: [device])
        pool.update(slot: 0, 0..<PageID(pages), from: 0)
        return pool
    }

    /// A slot for the trial runs of a model, whose pages are all the one page that no sequence has.
    var trialSlot: Int { sequences }

    private func prepareTrials() {
        tableEntries.replace(
            from: sequences * pagesPerSequence, with: repeatElement(UInt32(pageCount), count: pagesPerSequence))
    }
}
