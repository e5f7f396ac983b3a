import CShaderc
import Compute
import Crypto
import Foundation

/// GLSL to SPIR-V with shaderc, each result kept in a file named by source, options and the SPIR-V version that the
/// compiler writes
/// (shaderc does not tell its own).
struct ShaderCompiler: Sendable {
    private let device: String
    private let cacheDirectory: URL?

    init(device: String, cacheDirectory: String?) throws(ComputeError) {
        self.device = device
        self.cacheDirectory = cacheDirectory.map { URL(fileURLWithPath: $0, isDirectory: true) }
    }

    func compile(_ code: KernelCode) throws(ComputeError) -> [UInt32] {
        let file = cacheDirectory?.appendingPathComponent("\(key(code)).spv")
        if let file, let words = Self.read(file) { return words }
        let words = try compileSource(code)
        // A cache that cannot be written costs time at the next start, nothing else.
        if let file, let cacheDirectory {
            try? FileManager.default.createDirectory(at: cacheDirectory, withIntermediateDirectories: true)
            try? words.withUnsafeBytes { Data($0) }.write(to: file, options: .atomic)
        }
        return words
    }

    private func key(_ code: KernelCode) -> String {
        var version: UInt32 = 0
        var revision: UInt32 = 0
        shaderc_get_spv_version(&version, &revision)
        let text = "vulkan1.1 performance spirv \(version).\(revision)\n\(code.source)"
        return SHA256.hash(data: Data(text.utf8)).prefix(16).map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }

    private static func read(_ file: URL) -> [UInt32]? {
        guard let data = try? Data(contentsOf: file), data.count >= 20, data.count % 4 == 0 else { return nil }
        let words = data.withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) }
        return words[0] == 0x0723_0203 ? words : nil
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
        shaderc_compile_options_set_optimization_level(options, shaderc_optimization_level_performance)
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
