import Kernels
package import Quantities

extension Network {
    /// The layers that read a window only. `nil` where there are none, or windows differ: then all layers keep all.
    package var kvWindow: KVWindow? {
        let windows = blocks.compactMap(\.attention?.mask.window)
        guard let first = windows.first, windows.allSatisfy({ $0 == first }) else { return nil }
        return KVWindow(layers: windows.count * shards.each, tokens: first)
    }

    /// The number of each block among the layers of the pool: those that keep all tokens first, then windowed ones
    /// (`KVShape`), each in the network's order. `nil` for blocks that keep no keys and values.
    ///
    /// A device that holds several shards has a layer of the pool for each, one behind the other: this is the first.
    package var kvLayers: [Int?] {
        // Nobody reads keys and values of a pass behind their block: all stand in the same place.
        if readsAhead { return blocks.map { _ in 0 } }
        func isWindowed(_ block: Int) -> Bool { kvWindow != nil && blocks[block].attention?.mask.window != nil }
        let keeping = blocks.indices.filter { blocks[$0].attention != nil }
        let ordered = keeping.filter { !isWindowed($0) } + keeping.filter(isWindowed)
        var numbers = [Int?](repeating: nil, count: blocks.count)
        for (number, block) in ordered.enumerated() { numbers[block] = number * shards.each }
        return numbers
    }

    /// The heads of each layer of the pool, in the order of `kvLayers`: of the device that has the most, so that a page
    /// is the same page on all.
    package var kvHeads: [KVHeads] {
        var layers: [Int: KVHeads] = [:]
        for (block, number) in zip(blocks, kvLayers) {
            guard let number, let own = block.attention else { continue }
            for slot in 0..<shards.each {
                let counts = (0..<shards.ranks).map {
                    own.shard(shards.held(by: $0).lowerBound + slot, shards).kvHeads
                }
                layers[number + slot] = KVHeads(count: counts.max() ?? 0, size: own.headSize)
            }
        }
        return layers.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Where the pages of each block's shards stand among those of a block of tokens, and their sinks among those of
    /// all; none for blocks that keep no keys and values.
    func places(in shape: KVShape) -> [[LayerPlace]] {
        var sinks = [Int: Int](), count = 0
        let numbers = kvLayers
        for (number, block) in zip(numbers, blocks).sorted(by: { $0.0 ?? -1 < $1.0 ?? -1 }) {
            guard let number, let own = block.attention else { continue }
            sinks[number] = count
            if own.hasSinks { count += own.heads }
        }
        return zip(numbers, blocks).map { number, block in
            guard let number, let own = block.attention else { return [] }
            return shards.held.enumerated().map { slot, shard in
                LayerPlace(
                    page: shape.layers[number + slot].firstPage,
                    sink: (sinks[number] ?? 0) + own.heads(of: shard, shards).queries.lowerBound)
            }
        }
    }

    /// Where the state of each block begins among the first pages of a sequence, and how many these are.
    package func statePages(_ pageBytes: Int) -> (starts: [Int], count: Int) {
        var (starts, count) = ([Int](), 0)
        for block in blocks {
            starts.append(count)
            guard case .recurrent(let layer) = block.mixer else { continue }
            let pages = layer.pages(pageBytes)
            count += pages.convolution + pages.recurrence
        }
        return (starts, count)
    }
}

extension AttentionMask {
    /// Whether a row reads tokens behind its own.
    var readsAhead: Bool {
        switch self {
        case .causal, .sliding, .chunked: false
        case .whole, .symmetric: true
        }
    }

    /// The most tokens that a row ever reads, if it reads none behind its own and not all before it.
    fileprivate var window: Int? {
        switch self {
        case .sliding(let tokens), .chunked(let tokens): tokens
        case .causal, .whole, .symmetric: nil
        }
    }
}
