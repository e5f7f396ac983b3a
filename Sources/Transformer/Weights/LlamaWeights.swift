import Compute
import Foundation
import GGUF
import Kernels

/// A Llama network's weights on a device.
struct LlamaWeights: Sendable {
    struct Layer: Sendable {
        var attentionNorm: any Buffer
        /// One product for all three, or three where their formats differ.
        var qkv: [DeviceWeights]
        var output: DeviceWeights
        var feedForwardNorm: any Buffer
        /// Panels alternate between gate and up.
        var gateUp: DeviceWeights
        var down: DeviceWeights
    }

    var embedding: DeviceWeights
    var output: DeviceWeights
    var outputNorm: any Buffer
    /// `[context][rotated / 2]` pairs of cosine and sine.
    var rotations: any Buffer
    var layers: [Layer]

    /// - Parameter progress: called with the share that is loaded, 0 to 1.
    init(
        _ file: GGUFFile, _ configuration: LlamaConfiguration, contextLength: Int, on device: any Device,
        progress: (Double) -> Void
    ) throws {
        let tensors = try LlamaTensors(file, configuration)
        try file.checkUnchanged()
        let packer = WeightPacker(device: device, model: configuration.name)
        embedding = try packer.joined([tensors.embedding])
        output = try tensors.output.map { try packer.joined([$0]) } ?? embedding
        outputNorm = try packer.vector(tensors.outputNorm)
        let factors = try tensors.ropeFactors?.floats(rows: 0..<1)
        rotations = try packer.upload(
            Self.rotations(configuration, contextLength: contextLength, factors: factors), label: "rotations")
        layers = []
        for (index, layer) in tensors.layers.enumerated() {
            layers.append(try Self.load(layer, packer, configuration))
            progress(Double(index + 1) / Double(tensors.layers.count))
        }
    }

    private static func load(
        _ layer: LlamaTensors.Layer, _ packer: WeightPacker, _ configuration: LlamaConfiguration
    ) throws -> Layer {
        let formats = Set(layer.qkv.map { WeightFormat($0.type) })
        guard WeightFormat(layer.gate.type) == WeightFormat(layer.up.type) else {
            throw ModelError.unsupported(
                model: configuration.name, reason: "\(layer.gate.name) and \(layer.up.name) differ in format")
        }
        return Layer(
            attentionNorm: try packer.vector(layer.attentionNorm),
            qkv: formats.count == 1 ? [try packer.joined(layer.qkv)] : try layer.qkv.map { try packer.joined([$0]) },
            output: try packer.joined([layer.output]), feedForwardNorm: try packer.vector(layer.feedForwardNorm),
            gateUp: try packer.alternating(layer.gate, layer.up), down: try packer.joined([layer.down]))
    }

    /// Cosine and sine of every position's angles: `base^(-2 i / rotated) * position`, divided by the file's factors.
    ///
    /// A table, since the sine of a large angle is not precise on every GPU.
    private static func rotations(
        _ configuration: LlamaConfiguration, contextLength: Int, factors: [Float]?
    ) -> [Float] {
        let pairs = configuration.rotated / 2
        let frequencies = (0..<pairs).map { pair in
            pow(Double(configuration.ropeBase), -2 * Double(pair) / Double(configuration.rotated))
                / Double(factors?[pair] ?? 1) / Double(configuration.ropeScale)
        }
        return [Float](unsafeUninitializedCapacity: contextLength * pairs * 2) { table, count in
            for position in 0..<contextLength {
                for (pair, frequency) in frequencies.enumerated() {
                    let angle = Double(position) * frequency
                    table[(position * pairs + pair) * 2] = Float(cos(angle))
                    table[(position * pairs + pair) * 2 + 1] = Float(sin(angle))
                }
            }
            count = contextLength * pairs * 2
        }
    }
}
