package import Compute
import Foundation
import GGUF
import Kernels

/// A Llama network's weights on a device and its parts.
package struct LlamaWeights: Sendable {
    let configuration: LlamaConfiguration
    let parts: LlamaParts<DeviceWeights, any Buffer>
    /// `[context][rotated / 2]` pairs of cosine and sine.
    let rotations: any Buffer
    /// The positions that have rotations.
    let contextLength: Int

    var output: DeviceWeights { parts.output ?? parts.embedding }

    /// Shows the packed weights to a device: where they stand if it can work there, else in a copy of its own.
    /// - Throws: `ComputeError.outOfMemory`, `failed`.
    package init(_ packed: PackedLlama, contextLength: Int, on device: any Device) throws(ComputeError) {
        let memory = packed.memory
        func show(_ range: Range<Int>, _ label: String) throws(ComputeError) -> any Buffer {
            if device.limits.importsHostMemory { return try device.makeBuffer(over: memory, range, label: label) }
            let buffer = try device.makeBuffer(byteCount: range.count, access: .device, label: label)
            try buffer.write(UnsafeRawBufferPointer(rebasing: memory.bytes[range]), at: 0)
            return buffer
        }
        configuration = packed.configuration
        self.contextLength = contextLength
        parts = try packed.parts.map { (matrix) throws(ComputeError) in
            let label = matrix.source.tensors[0].name
            let words = try show(matrix.words, label)
            let scales: (any Buffer)? =
                if let scales = matrix.scales { try show(scales, "\(label) scales") } else { nil }
            return DeviceWeights(shape: matrix.shape, words: words, scales: scales)
        } vector: { (vector) throws(ComputeError) in
            try show(vector.floats, vector.source.name)
        }
        let table = Self.rotations(packed.configuration, contextLength: contextLength, factors: packed.ropeFactors)
        rotations = try device.makeBuffer(byteCount: 4 * table.count, access: .device, label: "rotations")
        try rotations.write(table)
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
