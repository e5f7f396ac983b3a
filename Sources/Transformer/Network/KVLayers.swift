import Kernels
package import Quantities

extension Network {
    /// The layers that read a window only. `nil` where there are none, or windows differ: then all layers keep all.
    package var kvWindow: KVWindow? {
        let windows = blocks.compactMap(\.attention.mask.window)
        guard let first = windows.first, windows.allSatisfy({ $0 == first }) else { return nil }
        return KVWindow(layers: windows.count, tokens: first)
    }

    /// The number of each block among the layers of the pool: those that keep all tokens first, then windowed ones
    /// (`KVShape`), each in the network's order.
    package var kvLayers: [Int] {
        guard kvWindow != nil else { return Array(blocks.indices) }
        let windowed = blocks.indices.filter { blocks[$0].attention.mask.window != nil }
        let ordered = blocks.indices.filter { blocks[$0].attention.mask.window == nil } + windowed
        var numbers = Array(repeating: 0, count: blocks.count)
        for (number, block) in ordered.enumerated() { numbers[block] = number }
        return numbers
    }
}

extension AttentionMask {
    /// The most tokens that a row ever reads, if it reads none behind its own and not all before it.
    fileprivate var window: Int? {
        switch self {
        case .sliding(let tokens), .chunked(let tokens): tokens
        case .causal, .whole, .symmetric: nil
        }
    }
}
