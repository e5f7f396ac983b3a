import Foundation

/// NVIDIA's run-time compiler, which needs no GPU: opened at run time, from the file that `WEFT_NVRTC` names or from
/// the Python package nvidia-cuda-nvrtc-cu12.
struct NVRTC: @unchecked Sendable {
    private typealias Program = OpaquePointer
    private typealias Create =
        @convention(c) (
            UnsafeMutablePointer<Program?>, UnsafePointer<CChar>, UnsafePointer<CChar>?, CInt, OpaquePointer?,
            OpaquePointer?
        ) -> CInt
    private typealias Compile = @convention(c) (Program, CInt, UnsafePointer<UnsafePointer<CChar>?>) -> CInt
    private typealias Size = @convention(c) (Program, UnsafeMutablePointer<Int>) -> CInt
    private typealias Text = @convention(c) (Program, UnsafeMutablePointer<CChar>) -> CInt
    private typealias Destroy = @convention(c) (UnsafeMutablePointer<Program?>) -> CInt

    /// What a program became.
    struct Result {
        var succeeded: Bool
        var ptx: String
        var log: String
    }

    private let createProgram: Create
    private let compileProgram: Compile
    private let ptxSize: Size
    private let ptxText: Text
    private let logSize: Size
    private let logText: Text
    private let destroyProgram: Destroy

    /// `nil` where the library is missing.
    init?() {
        guard let path = ProcessInfo.processInfo.environment["WEFT_NVRTC"] ?? Self.packagedLibrary(),
            let library = dlopen(path, RTLD_NOW | RTLD_LOCAL)
        else { return nil }
        func function<Function>(_ name: String, _ type: Function.Type) -> Function? {
            dlsym(library, name).map { unsafeBitCast($0, to: type) }
        }
        guard let createProgram = function("nvrtcCreateProgram", Create.self),
            let compileProgram = function("nvrtcCompileProgram", Compile.self),
            let ptxSize = function("nvrtcGetPTXSize", Size.self), let ptxText = function("nvrtcGetPTX", Text.self),
            let logSize = function("nvrtcGetProgramLogSize", Size.self),
            let logText = function("nvrtcGetProgramLog", Text.self),
            let destroyProgram = function("nvrtcDestroyProgram", Destroy.self)
        else { return nil }
        self.createProgram = createProgram
        self.compileProgram = compileProgram
        self.ptxSize = ptxSize
        self.ptxText = ptxText
        self.logSize = logSize
        self.logText = logText
        self.destroyProgram = destroyProgram
    }

    /// The library inside the Python package, asked of the `python3` that is found first.
    private static func packagedLibrary() -> String? {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            "import glob, nvidia.cuda_nvrtc as n; print(glob.glob(list(n.__path__)[0] + '/lib/libnvrtc.so.*')[0])",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return process.terminationStatus == 0 ? text.trimmingCharacters(in: .whitespacesAndNewlines) : nil
    }

    /// Compiles CUDA C++ to PTX for a virtual architecture: `compute_80`.
    func compile(_ source: String, architecture: String) -> Result {
        var program: Program?
        guard createProgram(&program, source, "kernel.cu", 0, nil, nil) == 0, let made = program else {
            return Result(succeeded: false, ptx: "", log: "nvrtcCreateProgram failed")
        }
        defer { _ = destroyProgram(&program) }
        let status = "--gpu-architecture=\(architecture)".withCString { option in
            withUnsafePointer(to: UnsafePointer<CChar>?.some(option)) { compileProgram(made, 1, $0) }
        }
        return Result(
            succeeded: status == 0, ptx: status == 0 ? text(of: made, ptxSize, ptxText) : "",
            log: text(of: made, logSize, logText))
    }

    private func text(of program: Program, _ size: Size, _ read: Text) -> String {
        var count = 0
        guard size(program, &count) == 0, count > 0 else { return "" }
        var bytes = [CChar](repeating: 0, count: count)
        guard read(program, &bytes) == 0 else { return "" }
        return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
