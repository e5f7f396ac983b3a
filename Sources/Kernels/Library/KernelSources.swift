public import Compute

/// The kernels that a device is given, and what stands before them.
public struct KernelSources: Sendable {
    /// By name.
    public var kernels: [String: KernelSource]
    /// By the dialect whose words they define.
    public var preludes: [Dialect: String]

    /// The kernels of `Shaders/`.
    /// - Throws: `KernelSourceError` naming a file's fault.
    public init() throws(KernelSourceError) {
        kernels = try KernelLibrary.sources()
        preludes = [:]
        for dialect in [Dialect.glsl, .openCL, .cuda] { preludes[dialect] = KernelLibrary.prelude(dialect) }
    }
}
