import Compute

/// The kernels of `Shaders/`, built into the program.
package enum KernelLibrary {
    /// Every kernel, parsed.
    /// - Throws: `KernelSourceError` naming the file's fault.
    package static func sources() throws(KernelSourceError) -> [String: KernelSource] {
        var sources: [String: KernelSource] = [:]
        for file in files {
            let source = try KernelSource(parsing: String(decoding: file, as: UTF8.self))
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

    private static var files: [[UInt8]] {
        [
            PackageResources.attention_kernel,
            PackageResources.embed_kernel,
            PackageResources.matmul_kernel,
            PackageResources.matmul_bytes_kernel,
            PackageResources.probe_copy_kernel,
            PackageResources.probe_fma_kernel,
            PackageResources.quantise_kernel,
            PackageResources.rms_norm_kernel,
            PackageResources.rope_store_kernel,
        ]
    }
}
