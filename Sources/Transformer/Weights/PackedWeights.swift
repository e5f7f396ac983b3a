import Compute
package import GGUF
import Kernels

/// The weights of a model as kernels read them, in memory that all devices of a vector width share.
package final class PackedWeights: Sendable {
    package let network: Network
    let panels: PanelLayout
    let layout: PackedLayout
    let memory: HostMemory
    /// By what the angles of rotations are divided, where the file says so.
    let divisors: [RopeDivisors: [Float]]
    /// What stands behind pooled rows.
    let head: PoolingHead?

    /// Bytes of all weights.
    package var byteCount: Int { memory.byteCount }

    /// Packs the weights of a file, or reads what was packed before; blocks for a second per 100 MB of file.
    ///
    /// - Parameters:
    ///   - vectorWidth: `DeviceLimits.vectorWidth` of the devices.
    ///   - shards: into how many the network is cut.
    ///   - cache: where packed weights are kept; `nil` keeps none.
    ///   - progress: called with the share that is packed, 0 to 1.
    /// - Throws: `ModelError`, `GGUFError`, which has code `changed` where someone wrote to the file meanwhile,
    ///   `ComputeError.outOfMemory`.
    package convenience init(
        _ file: GGUFFile, vectorWidth: Int, shards: Int = 1, cache: WeightCache?,
        progress: (Double) -> Void = { _ in }
    ) throws {
        try self.init(reserving: file, PanelLayout(vectorWidth: vectorWidth), shards)
        try fill(from: file, cache: cache, progress: progress)
    }

    /// Reserves the memory of a file's weights, for `fill` to write.
    init(reserving file: GGUFFile, _ panels: PanelLayout, _ shards: Int) throws {
        network = try Network(file).cut(into: shards)
        let tensors = try NetworkTensors(file, network)
        self.panels = panels
        layout = try PackedLayout(tensors, panels, model: network.name)
        divisors = try tensors.divisors.mapValues { try $0.floats(rows: 0..<1) }
        head = try network.pooling.map { try PoolingHead($0, tensors.pooling) }
        memory = try HostMemory(byteCount: layout.byteCount)
    }

    /// Packs the weights of the file that their memory was reserved for, or reads what was packed before.
    func fill(from file: GGUFFile, cache: WeightCache?, progress: (Double) -> Void) throws {
        if let cache, cache.read(file, panels, shards: network.shards.count, into: memory) { return progress(1) }
        try pack(progress: progress)
        try file.checkUnchanged()
        cache?.keep(memory, of: file, panels, shards: network.shards.count)
        progress(1)
    }

    /// Bytes that the weights of a file will take, before any is touched: on the device that has most of them, where
    /// several divide them.
    ///
    /// - Throws: `ModelError`.
    package static func byteCount(
        of file: GGUFFile, vectorWidth: Int, shards: Int = 1, ranks: Int = 1
    ) throws(ModelError) -> Int {
        let network = try Network(file).cut(into: shards, ranks: ranks)
        let panels = PanelLayout(vectorWidth: vectorWidth)
        let layout = try PackedLayout(NetworkTensors(file, network), panels, model: network.name)
        return (0..<ranks).reduce(0) { max($0, layout.byteCount(of: network.shards.held(by: $1))) }
    }

    private func pack(progress: (Double) -> Void) throws(ModelError) {
        let packer = WeightPacker(memory: memory, model: network.name)
        for (_, matrix) in layout.matrices {
            try packer.pack(matrix)
            progress(Double(matrix.words.upperBound) / Double(layout.byteCount))
        }
        for (_, vector) in layout.vectors { try packer.pack(vector) }
    }
}
