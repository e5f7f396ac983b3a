import COpenCL
import Compute

/// Builds OpenCL C with the driver's compiler; what it made is kept in files.
struct ProgramCompiler: Sendable {
    /// No relaxed mathematics: the same kernel must give the same bits in every variant.
    private static let options = "-cl-std=CL1.2 -cl-single-precision-constant"

    /// Of programs that are built for their binaries alone.
    private static let kept = " -DKEPT"

    /// Those of a device. What the processor has must be said where the compiler does not know it.
    private let options: String

    private let device: PlatformDevice
    private let context: OpenCLContext
    private let cache: CodeCache

    private var functions: OpenCLFunctions { context.functions }

    init(device: PlatformDevice, context: OpenCLContext, cacheDirectory: String?) {
        self.device = device
        self.context = context
        let isOwnProcessor = device.description.kind == .cpu && weft_has_vpdpbusd() != 0
        options =
            Self.options + (isOwnProcessor ? " -DHAS_VPDPBUSD" : "")
            + (device.compilesForCaller ? " -DTELLS_PLACE" : "")
        cache = CodeCache(
            folder: cacheDirectory,
            builder: "\(device.description.name)\n\(device.description.driver)\n\(options)", suffix: "clbin")
    }

    /// The program of `code` from the files; `nil` where it must be built.
    func kept(_ code: KernelCode) -> Owned<Tag.Program>? {
        guard let binary = cache.code(of: code.source) else { return nil }
        return load(binary)
    }

    /// - Throws: `ComputeError.compilation` with the driver's build log.
    func build(_ code: KernelCode) throws(ComputeError) -> Owned<Tag.Program> {
        try build(code, options)
    }

    private func build(_ code: KernelCode, _ options: String) throws(ComputeError) -> Owned<Tag.Program> {
        let program: Owned<Tag.Program> = try context.own("clCreateProgramWithSource", \.releaseProgram) { result in
            code.source.withCString { source in
                var text: UnsafePointer<CChar>? = source
                return functions.createProgramWithSource(context.handle.raw, 1, &text, nil, &result)
            }
        }
        guard build(program.handle, options) == CL_SUCCESS else {
            let log = buildLog(of: program.handle)
            throw .compilation(device: context.name, kernel: code.label, log: log)
        }
        return program
    }

    /// Puts a program into the files, unless another part of the device has.
    ///
    /// It is built anew, as another program. Asked for a program's binary, PoCL 3.1 compiles it once more, for groups
    /// of any size, and then takes the end of a dispatch that is under way for one of what it has just compiled: it
    /// aborts (`pocl_release_dlhandle_cache`).
    func keep(_ code: KernelCode) {
        guard cache.lacks(code.source), let program = try? build(code, options + Self.kept),
            let binary = binary(of: program.handle)
        else { return }
        cache.keep(binary, of: code.source)
    }

    private func build(_ program: Handle<Tag.Program>, _ options: String) -> cl_int {
        var raw: cl_device_id? = device.handle.raw
        return functions.buildProgram(program.raw, 1, &raw, options, nil, nil)
    }

    private func buildLog(of program: Handle<Tag.Program>) -> String {
        let log = cl_program_build_info(CL_PROGRAM_BUILD_LOG)
        var count = 0
        _ = functions.getProgramBuildInfo(program.raw, device.handle.raw, log, 0, nil, &count)
        var bytes = [UInt8](repeating: 0, count: count)
        _ = functions.getProgramBuildInfo(program.raw, device.handle.raw, log, count, &bytes, nil)
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    // MARK: Binaries

    /// A program from its binary; `nil` where the driver no longer takes it.
    private func load(_ binary: [UInt8]) -> Owned<Tag.Program>? {
        let program: Owned<Tag.Program>? = try? context.own("clCreateProgramWithBinary", \.releaseProgram) { result in
            binary.withUnsafeBufferPointer { bytes in
                var raw: cl_device_id? = device.handle.raw
                var count = bytes.count
                var start = bytes.baseAddress
                var status = CL_SUCCESS
                return functions.createProgramWithBinary(
                    context.handle.raw, 1, &raw, &count, &start, &status, &result)
            }
        }
        guard let program, build(program.handle, options) == CL_SUCCESS else { return nil }
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
