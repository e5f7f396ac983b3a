import Compute
package import GGUF
import Kernels

/// The weights of a model as kernels read them, in memory that all devices of a vector width share.
package final class PackedLlama: Sendable {
    package let configuration: LlamaConfiguration
    let parts: LlamaParts<PackedMatrix, PackedVector>
    let memory: HostMemory
    /// By what the angles of rotations are divided, where the file says so.
    let ropeFactors: [Float]?

    /// Bytes of all weights.
    package var byteCount: Int { memory.byteCount }

    /// Packs the weights of a file, or maps what was packed before; blocks for a second per 100 MB of file.
    ///
    /// - Parameters:
    ///   - vectorWidth: `DeviceLimits.vectorWidth` of the devices.
    ///   - cache: where packed weights are kept; `nil` packs into memory.
    ///   - progress: called with the share that is packed, 0 to 1.
    /// - Throws: `ModelError`, `GGUFError`, `ComputeError.outOfMemory`.
    package init(
        _ file: GGUFFile, vectorWidth: Int, cache: WeightCache?, progress: (Double) -> Void = { _ in }
    ) throws {
        let configuration = try LlamaConfiguration(file)
        let tensors = try LlamaTensors(file, configuration)
        try file.checkUnchanged()
        let panels = PanelLayout(vectorWidth: vectorWidth)
        let layout = try PackedLayout(
            LlamaParts(tensors, model: configuration.name), panels, model: configuration.name,
            from: WeightCache.headerByteCount)
        self.configuration = configuration
        parts = layout.parts
        ropeFactors = try tensors.ropeFactors?.floats(rows: 0..<1)
        func fill(_ memory: HostMemory) throws {
            try Self.pack(layout, of: configuration, into: memory, progress: progress)
        }
        if let kept = try cache?.memory(for: file.path, panels, byteCount: layout.byteCount, fill: fill) {
            memory = kept
        } else {
            memory = try HostMemory(byteCount: layout.byteCount)
            try fill(memory)
        }
        progress(1)
    }

    private static func pack(
        _ layout: PackedLayout, of configuration: LlamaConfiguration, into memory: HostMemory,
        progress: (Double) -> Void
    ) throws {
        let packer = WeightPacker(memory: memory, model: configuration.name)
        _ = try layout.parts.map { matrix in
            try packer.pack(matrix)
            progress(Double(matrix.words.upperBound) / Double(layout.byteCount))
        } vector: {
            try packer.pack($0)
        }
    }
}
