import CShaderc
import Compute

/// GLSL to SPIR-V with shaderc; what it made is kept in files.
struct ShaderCompiler: Sendable {
    private let device: String
    private let cache: CodeCache

    init(device: String, cacheDirectory: String?) {
        // The SPIR-V version that shaderc writes: it does not tell its own.
        var version: UInt32 = 0
        var revision: UInt32 = 0
        shaderc_get_spv_version(&version, &revision)
        self.device = device
        cache = CodeCache(
            folder: cacheDirectory, builder: "vulkan1.1 performance spirv \(version).\(revision)", suffix: "spv")
    }

    /// - Throws: `ComputeError.compilation` with the compiler's log.
    func compile(_ code: KernelCode) throws(ComputeError) -> [UInt32] {
        if let bytes = cache.code(of: code.source) {
            return bytes.withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) }
        }
        let words = try code.usesMatrices ? MatrixTypes.completed(compileSource(code)) : compileSource(code)
        words.withUnsafeBytes { cache.keep(Array($0), of: code.source) }
        return words
    }

    private func compileSource(_ code: KernelCode) throws(ComputeError) -> [UInt32] {
        let compiler = shaderc_compiler_initialize()
        let options = shaderc_compile_options_initialize()
        defer {
            shaderc_compile_options_release(options)
            shaderc_compiler_release(compiler)
        }
        shaderc_compile_options_set_target_env(
            options, shaderc_target_env_vulkan, UInt32(shaderc_env_version_vulkan_1_1.rawValue))
        // The optimiser knows no matrices; drivers optimise anyway.
        shaderc_compile_options_set_optimization_level(
            options, code.usesMatrices ? shaderc_optimization_level_zero : shaderc_optimization_level_performance)
        let result = shaderc_compile_into_spv(
            compiler, code.source, code.source.utf8.count, shaderc_compute_shader, code.label, "main", options)
        defer { shaderc_result_release(result) }
        guard shaderc_result_get_compilation_status(result) == shaderc_compilation_status_success,
            let bytes = shaderc_result_get_bytes(result)
        else {
            let log = shaderc_result_get_error_message(result).map { String(cString: $0) } ?? "no message"
            throw .compilation(device: device, kernel: code.label, log: log)
        }
        let count = shaderc_result_get_length(result) / 4
        return bytes.withMemoryRebound(to: UInt32.self, capacity: count) {
            Array(UnsafeBufferPointer(start: $0, count: count))
        }
    }
}
