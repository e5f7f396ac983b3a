/// Byte strings with a number each, in a tree that shares what they begin with. Read only once it is built.
struct ByteTrie: Sendable {
    /// A place in the tree: what has been read of a string.
    struct Node: Sendable, Hashable {
        fileprivate var index: Int
    }

    /// The children of a node stand side by side, ordered by their bytes.
    private struct Entry: Sendable {
        var byte: UInt8
        var childCount: UInt16 = 0
        var firstChild: Int32 = 0
        var value: Int32?
    }

    private var entries = [Entry(byte: 0)]

    /// - Parameter keys: of two equal keys the later counts; empty ones are never found.
    /// - Complexity: O(bytes · log keys).
    init(_ keys: [(key: ArraySlice<UInt8>, value: Int32)]) {
        let keys = keys.enumerated().sorted { a, b in
            a.element.key.lexicographicallyPrecedes(b.element.key)
                || a.element.key == b.element.key && a.offset < b.offset
        }.map(\.element)
        // Breadth first: the keys below each node, and how many of their bytes led there.
        var pending = [(node: 0, keys: 0..<keys.count, depth: 0)]
        var next = 0
        while next < pending.count {
            var (node, range, depth) = pending[next]
            next += 1
            while let key = range.first, keys[key].key.count == depth {
                if depth > 0 { entries[node].value = keys[key].value }
                range.removeFirst()
            }
            entries[node].firstChild = Int32(entries.count)
            while let first = range.first {
                let byte = keys[first].key[keys[first].key.startIndex + depth]
                let end = range.first { keys[$0].key[keys[$0].key.startIndex + depth] != byte } ?? range.upperBound
                entries[node].childCount += 1
                pending.append((entries.count, first..<end, depth + 1))
                entries.append(Entry(byte: byte))
                range = end..<range.upperBound
            }
        }
    }

    var root: Node { Node(index: 0) }

    var isEmpty: Bool { entries.count == 1 }

    func value(at node: Node) -> Int32? { entries[node.index].value }

    func child(of node: Node, _ byte: UInt8) -> Node? {
        var low = Int(entries[node.index].firstChild)
        var high = low + Int(entries[node.index].childCount)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].byte == byte { return Node(index: middle) }
            if entries[middle].byte < byte { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// The longest string that `text[range]` begins with.
    func longestMatch(in text: [UInt8], _ range: Range<Int>) -> (value: Int32, end: Int)? {
        var node = root
        var found: (value: Int32, end: Int)?
        var position = range.lowerBound
        while position < range.upperBound, let child = child(of: node, text[position]) {
            node = child
            position += 1
            if let value = value(at: node) { found = (value, position) }
        }
        return found
    }
}
