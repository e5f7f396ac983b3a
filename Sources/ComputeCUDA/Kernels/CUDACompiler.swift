import Compute

/// Compiles CUDA C++ for one device with NVRTC; what it made is kept in files, which do without it.
struct CUDACompiler: Sendable {
    private let device: String
    private let compiler: NVRTC?
    /// `sm_90`: machine code; `compute_90`: PTX, which the driver compiles, for a device that NVRTC does not know yet.
    private let architecture: String
    private let cache: CodeCache

    /// - Throws: `ComputeError.unsupported` for a device that is too old for NVRTC.
    init(for device: PhysicalDevice, with compiler: NVRTC?, cacheDirectory: String?) throws(ComputeError) {
        self.device = device.description.name
        self.compiler = compiler
        let known = compiler?.architectures ?? [device.capability]
        guard let nearest = known.last(where: { $0 <= device.capability }) else {
            throw .unsupported(
                device: device.description.name,
                reason: "NVRTC \(compiler?.version ?? "") compiles for sm_\(known.first ?? 0) and later, and it is "
                    + "sm_\(device.capability)")
        }
        let architecture = (nearest == device.capability ? "sm_" : "compute_") + "\(nearest)"
        self.architecture = architecture
        // The version that filled the files is kept in them, to be known where there is no NVRTC.
        let versions = CodeCache(
            folder: cacheDirectory, builder: "NVRTC for sm_\(device.capability)", suffix: "version")
        let kept = versions.code(of: "").map { String(decoding: $0, as: UTF8.self) }
        let builder = compiler.map { "NVRTC \($0.version) \(architecture)" } ?? kept ?? ""
        if compiler != nil, builder != kept { versions.keep(Array(builder.utf8), of: "") }
        cache = CodeCache(folder: cacheDirectory, builder: builder, suffix: "cubin")
    }

    /// Machine code, or PTX that ends with a zero.
    ///
    /// - Throws: `ComputeError.compilation` with the compiler's log; `unavailable` for what was not kept where there is
    ///   no compiler.
    func compile(_ code: KernelCode) throws(ComputeError) -> [UInt8] {
        if let kept = cache.code(of: code.source) { return kept }
        guard let compiler else {
            throw .unavailable(
                api: .cuda, reason: "kernel \(code.label) must be compiled for \(device), and there is \(NVRTC.remedy)")
        }
        let result = compiler.compile(code.source, architecture: architecture)
        guard result.succeeded else { throw .compilation(device: device, kernel: code.label, log: result.log) }
        let image = result.cubin.isEmpty ? Array(result.ptx.utf8) + [0] : result.cubin
        cache.keep(image, of: code.source)
        return image
    }
}
