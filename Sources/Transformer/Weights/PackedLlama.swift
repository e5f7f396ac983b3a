import Compute
public import GGUF
import Kernels

/// The weights of a model as kernels read them, in memory that all devices of a vector width share.
public final class PackedLlama: Sendable {
    public let configuration: LlamaConfiguration
    let parts: LlamaParts<PackedMatrix, PackedVector>
    let memory: HostMemory
    /// By what the angles of rotations are divided, where the file says so.
    let ropeFactors: [Float]?

    /// Bytes of all weights.
    public var byteCount: Int { memory.byteCount }

    /// Packs the weights of a file, or reads what was packed before; blocks for a second per 100 MB of file.
    ///
    /// - Parameters:
    ///   - vectorWidth: `DeviceLimits.vectorWidth` of the devices.
    ///   - cache: where packed weights are kept; `nil` keeps none.
    ///   - progress: called with the share that is packed, 0 to 1.
    /// - Throws: `ModelError`, `GGUFError`, which has code `changed` where someone wrote to the file meanwhile,
    ///   `ComputeError.outOfMemory`.
    public init(
        _ file: GGUFFile, vectorWidth: Int, cache: WeightCache?, progress: (Double) -> Void = { _ in }
    ) throws {
        let configuration = try LlamaConfiguration(file)
        let tensors = try LlamaTensors(file, configuration)
        let panels = PanelLayout(vectorWidth: vectorWidth)
        let layout = try PackedLayout(
            LlamaParts(tensors, model: configuration.name), panels, model: configuration.name)
        self.configuration = configuration
        parts = layout.parts
        ropeFactors = try tensors.ropeFactors?.floats(rows: 0..<1)
        if let kept = try cache?.memory(of: file, panels, byteCount: layout.byteCount) {
            memory = kept
        } else {
            memory = try HostMemory(byteCount: layout.byteCount)
            try Self.pack(layout, of: configuration, into: memory, progress: progress)
            try file.checkUnchanged()
            cache?.keep(memory, of: file, panels)
        }
        progress(1)
    }

    /// Bytes that the weights of a file will take, before any is touched.
    /// - Throws: `ModelError`.
    public static func byteCount(of file: GGUFFile, vectorWidth: Int) throws -> Int {
        let configuration = try LlamaConfiguration(file)
        let parts = try LlamaParts(LlamaTensors(file, configuration), model: configuration.name)
        return try PackedLayout(parts, PanelLayout(vectorWidth: vectorWidth), model: configuration.name).byteCount
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
