/// The pages of one pool: which are free, and how many hold each of the others.
///
/// Pages freed last are handed out first, while they may still be in a cache.
public struct PagePool: Sendable {
    private var free: [PageID]
    private var references: [UInt32]

    public init(pageCount: Int) {
        precondition(pageCount >= 0 && pageCount <= Int(PageID.max), "a pool has 0 to 2^32 - 1 pages")
        free = (0..<PageID(pageCount)).reversed()
        references = Array(repeating: 0, count: pageCount)
    }

    public var pageCount: Int { references.count }
    public var freeCount: Int { free.count }

    /// The holders of a page: block tables that list it, and the prefix index.
    public func referenceCount(of page: PageID) -> Int { Int(references[Int(page)]) }

    /// Adds a holder to a page that has one.
    ///
    /// - Complexity: O(1).
    public mutating func retain(_ page: PageID) {
        precondition(references[Int(page)] > 0, "page \(page) is free")
        references[Int(page)] += 1
    }

    /// Appends `count` free pages with one holder each, those freed last in front.
    ///
    /// - Complexity: O(count).
    public mutating func allocate(_ count: Int, into pages: inout [PageID]) {
        precondition(count <= free.count, "the pool has \(free.count) free pages, not \(count)")
        pages.append(contentsOf: free.suffix(count).reversed())
        var counts = references.mutableSpan
        for index in (pages.count - count)..<pages.count { counts[Int(pages[index])] = 1 }
        free.removeLast(count)
    }

    /// Drops a holder of each page, the last of which frees it; no page is given twice.
    ///
    /// - Complexity: O(pages).
    public mutating func release(_ pages: [PageID]) {
        var counts = references.mutableSpan
        for page in pages {
            precondition(counts[Int(page)] > 0, "page \(page) is free")
            counts[Int(page)] -= 1
        }
        for page in pages.reversed() where references[Int(page)] == 0 { free.append(page) }
    }

    var freePages: [PageID] { free }
}
