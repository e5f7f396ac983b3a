/// The full blocks whose tokens are known, by model and by all that came before them.
///
/// A node stands for one block behind its parent, and is found by model, parent and the block's exact tokens: equal
/// nodes mean equal prefixes, whatever hashes collide. A sequence that uses a node uses its parents, so nodes without
/// a user form whole branches and are dropped from the leaves, least recently used first.
struct PrefixIndex: Sendable {
    struct Key: Hashable, Sendable {
        var model: Int
        /// -1 before the first block.
        var parent: Int
        var tokens: [Int32]
    }

    struct Node: Sendable {
        var key: Key
        var pages: [PageID]
        var users = 1
        /// Users whose tables list pages of their own instead of the node's, by slot.
        var twins: [Int] = []
        var children = 0
        /// Neighbours among the unused leaves, -1 where there is none.
        var older = -1
        var newer = -1
    }

    private(set) var nodes: [Node?] = []
    private var vacant: [Int] = []
    private var lookup: [Key: Int] = [:]
    private var oldestLeaf = -1
    private var newestLeaf = -1

    var count: Int { lookup.count }

    /// Unused leaves, the next to go first.
    var leavesByAge: [Int] {
        var leaves: [Int] = []
        var leaf = oldestLeaf
        while leaf >= 0, let node = nodes[leaf], leaves.count <= nodes.count {
            leaves.append(leaf)
            leaf = node.newer
        }
        return leaves
    }

    func find(_ key: Key) -> Int? { lookup[key] }

    func isUsed(_ node: Int) -> Bool { nodes[node].map { $0.users > 0 } ?? false }

    func pages(of node: Int) -> [PageID] { nodes[node]?.pages ?? [] }

    /// Adds a block with one user.
    mutating func insert(_ key: Key, pages: [PageID]) -> Int {
        let node = Node(key: key, pages: pages)
        let index: Int
        if let reused = vacant.popLast() {
            index = reused
            nodes[reused] = node
        } else {
            index = nodes.count
            nodes.append(node)
        }
        lookup[key] = index
        if key.parent >= 0 { nodes[key.parent]?.children += 1 }
        return index
    }

    /// Adds a user; `true` if it is the only one.
    mutating func retain(_ index: Int) -> Bool {
        guard let node = nodes[index] else { return false }
        if node.users == 0 && node.children == 0 { unlink(index) }
        nodes[index]?.users += 1
        return node.users == 0
    }

    /// Drops a user; `true` if none is left.
    mutating func release(_ index: Int) -> Bool {
        nodes[index]?.users -= 1
        guard let node = nodes[index], node.users == 0 else { return false }
        if node.children == 0 { linkAsNewest(index) }
        return true
    }

    /// Adds a user that has pages of its own.
    mutating func retainAsTwin(_ index: Int, slot: Int) {
        nodes[index]?.users += 1
        nodes[index]?.twins.append(slot)
    }

    /// Forgets that a user has pages of its own; it stays a user.
    mutating func removeTwin(_ index: Int, slot: Int) {
        nodes[index]?.twins.removeAll { $0 == slot }
    }

    /// The twin that should give the node its pages, since no other user lists the node's.
    func heir(of index: Int) -> Int? {
        nodes[index].flatMap { $0.users == $0.twins.count ? $0.twins.last : nil }
    }

    /// Lets other pages with the same contents stand for a block, and returns the ones that did.
    mutating func replacePages(of index: Int, with pages: [PageID]) -> [PageID] {
        let old = self.pages(of: index)
        nodes[index]?.pages = pages
        return old
    }

    /// Drops the least recently used leaf without a user.
    ///
    /// - Complexity: O(1) and one hash of a block's tokens.
    mutating func evict() -> (model: Int, pages: [PageID])? {
        guard oldestLeaf >= 0 else { return nil }
        return remove(oldestLeaf)
    }

    /// Drops all blocks of a model that has no sequences, and returns their pages.
    ///
    /// - Complexity: O(nodes).
    mutating func removeAll(of model: Int) -> [PageID] {
        let doomed = nodes.indices.filter { nodes[$0]?.key.model == model }
        for index in doomed where nodes[index]?.children == 0 { unlink(index) }
        var pages: [PageID] = []
        for index in doomed {
            guard let node = nodes[index] else { continue }
            pages += node.pages
            lookup[node.key] = nil
            nodes[index] = nil
            vacant.append(index)
        }
        return pages
    }

    private mutating func remove(_ index: Int) -> (model: Int, pages: [PageID])? {
        guard let node = nodes[index] else { return nil }
        unlink(index)
        nodes[index] = nil
        vacant.append(index)
        lookup[node.key] = nil
        if node.key.parent >= 0 {
            nodes[node.key.parent]?.children -= 1
            if let parent = nodes[node.key.parent], parent.users == 0, parent.children == 0 {
                linkAsOldest(node.key.parent)
            }
        }
        return (node.key.model, node.pages)
    }

    private mutating func linkAsNewest(_ index: Int) {
        nodes[index]?.older = newestLeaf
        nodes[index]?.newer = -1
        if newestLeaf >= 0 { nodes[newestLeaf]?.newer = index } else { oldestLeaf = index }
        newestLeaf = index
    }

    private mutating func linkAsOldest(_ index: Int) {
        nodes[index]?.newer = oldestLeaf
        nodes[index]?.older = -1
        if oldestLeaf >= 0 { nodes[oldestLeaf]?.older = index } else { newestLeaf = index }
        oldestLeaf = index
    }

    private mutating func unlink(_ index: Int) {
        guard let node = nodes[index] else { return }
        if node.older >= 0 { nodes[node.older]?.newer = node.newer } else { oldestLeaf = node.newer }
        if node.newer >= 0 { nodes[node.newer]?.older = node.older } else { newestLeaf = node.older }
    }
}
