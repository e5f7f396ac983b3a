import Compute
import Files

/// The kernels of `Shaders/`, built into the program.
package enum KernelLibrary {
    /// Every kernel, parsed.
    /// - Throws: `KernelSourceError` naming the file's fault.
    package static func sources() throws(KernelSourceError) -> [String: KernelSource] { try parsed.get() }

    private static let parsed = Result { () throws(KernelSourceError) in try parse() }

    private static func parse() throws(KernelSourceError) -> [String: KernelSource] {
        var sources: [String: KernelSource] = [:]
        for file in files {
            var source = try KernelSource(parsing: String(decoding: file, as: UTF8.self))
            for part in source.parts.reversed() {
                guard let text = parts[part] else {
                    throw KernelSourceError(kernel: source.name, reason: "no part '\(part)'")
                }
                source.body = KernelParser.withoutComments(String(decoding: text, as: UTF8.self)) + source.body
            }
            sources[source.name] = source
        }
        return sources
    }

    /// What stands before every kernel of a dialect.
    static func prelude(_ dialect: Dialect) -> String {
        switch dialect {
        case .glsl: String(decoding: PackageResources.glsl_prelude, as: UTF8.self)
        case .openCL: String(decoding: PackageResources.opencl_prelude, as: UTF8.self)
        case .cuda: String(decoding: PackageResources.cuda_prelude, as: UTF8.self)
        }
    }

    /// Of all texts: another one where any of them changed.
    package static let digest: String = {
        let shared = parts.sorted { $0.key < $1.key }.map(\.value)
        let texts = (files + shared).map { String(decoding: $0, as: UTF8.self) }
        return Checksum.name(of: (texts + [Dialect.glsl, .openCL, .cuda].map(prelude)).joined(separator: "\0"))
    }()

    private static var parts: [String: [UInt8]] {
        [
            "attention": PackageResources.attention_part, "bytes": PackageResources.bytes_part,
            "norm": PackageResources.norm_part, "product": PackageResources.product_part,
            "state": PackageResources.state_part, "weights": PackageResources.weights_part,
        ]
    }

    private static var files: [[UInt8]] {
        [
            PackageResources.attention_kernel,
            PackageResources.attention_merge_kernel,
            PackageResources.attention_tile_kernel,
            PackageResources.candidates_kernel,
            PackageResources.combine_kernel,
            PackageResources.convolve_kernel,
            PackageResources.embed_kernel,
            PackageResources.gated_norm_kernel,
            PackageResources.group_experts_kernel,
            PackageResources.head_norm_kernel,
            PackageResources.matmul_kernel,
            PackageResources.matmul_bytes_kernel,
            PackageResources.matmul_bytes_tile_kernel,
            PackageResources.matmul_matrix_kernel,
            PackageResources.matmul_tile_kernel,
            PackageResources.norm_kernel,
            PackageResources.probe_copy_kernel,
            PackageResources.probe_fma_kernel,
            PackageResources.quantise_kernel,
            PackageResources.recur_kernel,
            PackageResources.rope_store_kernel,
            PackageResources.route_kernel,
            PackageResources.sum_shards_kernel,
        ]
    }
}
