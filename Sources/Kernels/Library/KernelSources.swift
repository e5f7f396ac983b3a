package import Compute

/// The kernels that a device is given, and what stands before them.
package struct KernelSources: Sendable {
    /// By name.
    package var kernels: [String: KernelSource]
    /// By the dialect whose words they define.
    package var preludes: [Dialect: String]

    /// The kernels of `Shaders/`.
    /// - Throws: `KernelSourceError` naming a file's fault.
    package init() throws(KernelSourceError) {
        kernels = try KernelLibrary.sources()
        preludes = [:]
        for dialect in [Dialect.glsl, .openCL, .cuda] { preludes[dialect] = KernelLibrary.prelude(dialect) }
    }
}
