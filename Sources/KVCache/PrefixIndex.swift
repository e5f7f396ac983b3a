import DequeModule
import Quantities

/// The full blocks whose tokens are known, by model and by all that came before them.
///
/// A node stands for one block behind its parent, and is found by model, parent and the block's exact tokens: equal
/// nodes mean equal prefixes, whatever hashes collide. A sequence that uses a node uses its parents, so nodes without a
/// user form whole branches and are dropped from the leaves, least recently used first.
struct PrefixIndex: Sendable {
    typealias NodeID = Slot<Node>

    struct Key: Hashable, Sendable {
        var model: ModelID
        /// `nil` for the first block.
        var parent: NodeID?
        var tokens: [TokenID]
    }

    struct Node: Sendable {
        var key: Key
        var pages: [PageID]
        var users = 1
        /// Users whose tables list pages of their own instead of the node's.
        var duplicates: [BlockTableID] = []
        var children = 0
        /// When it last became an unused leaf; `nil` while it is none.
        var leafStamp: UInt64?
    }

    private(set) var nodes = SlotTable<Node, Node>()
    private var lookup: [Key: NodeID] = [:]
    /// Unused leaves, the next to go first; an entry whose stamp is not its node's is out of date.
    private var leaves = Deque<(node: NodeID, stamp: UInt64)>()
    private var nextStamp: UInt64 = 0

    /// Unused leaves, the next to go first.
    var leavesByAge: [NodeID] { leaves.filter { isCurrent($0) }.map(\.node) }

    func find(_ key: Key) -> NodeID? { lookup[key] }

    /// Adds a block with one user.
    mutating func insert(_ key: Key, pages: [PageID]) -> NodeID {
        let node = nodes.insert(Node(key: key, pages: pages))
        lookup[key] = node
        if let parent = key.parent { nodes[parent].children += 1 }
        return node
    }

    /// Adds a user; `true` if it is the only one.
    mutating func retain(_ node: NodeID) -> Bool {
        nodes[node].leafStamp = nil
        nodes[node].users += 1
        return nodes[node].users == 1
    }

    /// Drops a user; `true` if none is left.
    mutating func release(_ node: NodeID) -> Bool {
        nodes[node].users -= 1
        guard nodes[node].users == 0 else { return false }
        if nodes[node].children == 0 { addLeaf(node, isNext: false) }
        return true
    }

    /// Adds a user that has pages of its own.
    mutating func retain(_ node: NodeID, asDuplicate table: BlockTableID) {
        nodes[node].users += 1
        nodes[node].duplicates.append(table)
    }

    /// Forgets that a user has pages of its own; it stays a user.
    mutating func removeDuplicate(_ table: BlockTableID, of node: NodeID) {
        nodes[node].duplicates.removeAll { $0 == table }
    }

    /// The user that should give the node its pages, since no other lists the node's.
    func successor(of node: NodeID) -> BlockTableID? {
        nodes[node].users == nodes[node].duplicates.count ? nodes[node].duplicates.last : nil
    }

    /// Lets other pages with the same contents stand for a block, and returns the ones that did.
    mutating func replacePages(of node: NodeID, with pages: [PageID]) -> [PageID] {
        defer { nodes[node].pages = pages }
        return nodes[node].pages
    }

    /// Drops the least recently used leaf without a user.
    ///
    /// - Complexity: O(1) and one hash of a block's tokens.
    mutating func evict() -> (model: ModelID, pages: [PageID])? {
        while let entry = leaves.popFirst() {
            guard isCurrent(entry) else { continue }
            let node = nodes.remove(entry.node)
            lookup[node.key] = nil
            if let parent = node.key.parent {
                nodes[parent].children -= 1
                // Its last use was no later than its child's.
                if nodes[parent].users == 0, nodes[parent].children == 0 { addLeaf(parent, isNext: true) }
            }
            return (node.key.model, node.pages)
        }
        return nil
    }

    /// Drops all blocks of a model that has no sequences, and returns their pages.
    ///
    /// - Complexity: O(nodes).
    mutating func removeAll(of model: ModelID) -> [PageID] {
        nodes.names.filter { nodes[$0].key.model == model }.flatMap { name in
            let node = nodes.remove(name)
            lookup[node.key] = nil
            return node.pages
        }
    }

    private mutating func addLeaf(_ node: NodeID, isNext: Bool) {
        nextStamp += 1
        nodes[node].leafStamp = nextStamp
        if isNext { leaves.prepend((node, nextStamp)) } else { leaves.append((node, nextStamp)) }
        // Out-of-date entries are at most as many as nodes, and a few.
        if leaves.count > 2 * nodes.count + 64 { leaves = leaves.filter { isCurrent($0) } }
    }

    private func isCurrent(_ entry: (node: NodeID, stamp: UInt64)) -> Bool {
        nodes.contains(entry.node) && nodes[entry.node].leafStamp == entry.stamp
    }
}
