import COpenCL
import Compute

/// Builds OpenCL C with the driver's compiler; what it made is kept in files.
struct ProgramCompiler: Sendable {
    /// No relaxed mathematics: the same kernel must give the same bits in every variant.
    private static let options = "-cl-std=CL1.2 -cl-single-precision-constant"

    private let device: PlatformDevice
    private let context: Handle<Tag.Context>
    private let functions: OpenCLFunctions
    private let cache: CodeCache

    init(
        device: PlatformDevice, context: Handle<Tag.Context>, functions: OpenCLFunctions, cacheDirectory: String?
    ) {
        self.device = device
        self.context = context
        self.functions = functions
        cache = CodeCache(
            folder: cacheDirectory,
            builder: "\(device.description.name)\n\(device.description.driver)\n\(Self.options)", suffix: "clbin")
    }

    /// - Returns: the program, and whether it came from the files.
    /// - Throws: `ComputeError.compilation` with the driver's build log.
    func compile(_ code: KernelCode) throws(ComputeError) -> (program: Handle<Tag.Program>, isKept: Bool) {
        if let binary = cache.code(of: code.source), let program = load(binary) { return (program, true) }
        return (try build(code), false)
    }

    /// Puts a program into the files, unless another part of the device has.
    ///
    /// Asked for a program's binary, PoCL compiles it once more, for groups of any size: that takes as long as what is
    /// needed for a first dispatch.
    func keep(_ program: Handle<Tag.Program>, of code: KernelCode) {
        guard cache.lacks(code.source), let binary = binary(of: program) else { return }
        cache.keep(binary, of: code.source)
    }

    private func build(_ code: KernelCode) throws(ComputeError) -> Handle<Tag.Program> {
        var result = CL_SUCCESS
        let program = code.source.withCString { source in
            var text: UnsafePointer<CChar>? = source
            return functions.createProgramWithSource(context.raw, 1, &text, nil, &result)
        }
        guard let program else {
            throw .failed(device: device.description.name, call: "clCreateProgramWithSource", code: Int(result))
        }
        guard build(program) == CL_SUCCESS else {
            let log = buildLog(of: program)
            _ = functions.releaseProgram(program)
            throw .compilation(device: device.description.name, kernel: code.label, log: log)
        }
        return Handle(raw: program)
    }

    private func build(_ program: cl_program) -> cl_int {
        var raw: cl_device_id? = device.handle.raw
        return functions.buildProgram(program, 1, &raw, Self.options, nil, nil)
    }

    private func buildLog(of program: cl_program) -> String {
        let log = cl_program_build_info(CL_PROGRAM_BUILD_LOG)
        var count = 0
        _ = functions.getProgramBuildInfo(program, device.handle.raw, log, 0, nil, &count)
        var bytes = [UInt8](repeating: 0, count: count)
        _ = functions.getProgramBuildInfo(program, device.handle.raw, log, count, &bytes, nil)
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    // MARK: Binaries

    /// A program from its binary; `nil` where the driver no longer takes it.
    private func load(_ binary: [UInt8]) -> Handle<Tag.Program>? {
        let program = binary.withUnsafeBufferPointer { bytes in
            var raw: cl_device_id? = device.handle.raw
            var count = bytes.count
            var start = bytes.baseAddress
            var status = CL_SUCCESS
            var result = CL_SUCCESS
            let program = functions.createProgramWithBinary(context.raw, 1, &raw, &count, &start, &status, &result)
            return program.map { Handle<Tag.Program>(raw: $0) }
        }
        guard let program else { return nil }
        guard build(program.raw) == CL_SUCCESS else {
            _ = functions.releaseProgram(program.raw)
            return nil
        }
        return program
    }

    private func binary(of program: Handle<Tag.Program>) -> [UInt8]? {
        var count = 0
        let size = functions.getProgramInfo(
            program.raw, cl_program_info(CL_PROGRAM_BINARY_SIZES), MemoryLayout<Int>.size, &count, nil)
        guard size == CL_SUCCESS, count > 0 else { return nil }
        var binary = [UInt8](repeating: 0, count: count)
        let result = binary.withUnsafeMutableBufferPointer { bytes in
            var start = bytes.baseAddress
            return functions.getProgramInfo(
                program.raw, cl_program_info(CL_PROGRAM_BINARIES), MemoryLayout<UnsafeMutablePointer<UInt8>>.size,
                &start, nil)
        }
        return result == CL_SUCCESS ? binary : nil
    }
}
