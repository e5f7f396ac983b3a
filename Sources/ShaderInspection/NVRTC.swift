import Foundation

/// NVIDIA's run-time compiler, which needs no GPU: opened at run time, from the file that `WEFT_NVRTC` names, from the
/// system's libraries or from the Python package nvidia-cuda-nvrtc-cu12.
package struct NVRTC: @unchecked Sendable {
    private typealias Program = OpaquePointer
    private typealias Create =
        @convention(c) (
            UnsafeMutablePointer<Program?>, UnsafePointer<CChar>, UnsafePointer<CChar>?, CInt, OpaquePointer?,
            OpaquePointer?
        ) -> CInt
    private typealias Compile = @convention(c) (Program, CInt, UnsafePointer<UnsafePointer<CChar>?>) -> CInt
    private typealias Size = @convention(c) (Program, UnsafeMutablePointer<Int>) -> CInt
    private typealias Text = @convention(c) (Program, UnsafeMutablePointer<CChar>) -> CInt
    private typealias Version = @convention(c) (UnsafeMutablePointer<CInt>, UnsafeMutablePointer<CInt>) -> CInt
    private typealias Destroy = @convention(c) (UnsafeMutablePointer<Program?>) -> CInt

    /// What a program became.
    package struct Result {
        package var succeeded: Bool
        package var ptx: String
        /// Machine code, for a real architecture; empty for a virtual one.
        package var cubin: [UInt8]
        package var log: String
    }

    /// `12.9`
    package let version: String

    private let createProgram: Create
    private let compileProgram: Compile
    private let ptxSize: Size
    private let ptxText: Text
    private let cubinSize: Size
    private let cubinBytes: Text
    private let logSize: Size
    private let logText: Text
    private let destroyProgram: Destroy

    /// `nil` where the library is missing.
    package init?() {
        func open(_ path: String?) -> UnsafeMutableRawPointer? { path.flatMap { dlopen($0, RTLD_NOW | RTLD_LOCAL) } }
        let named = ProcessInfo.processInfo.environment["WEFT_NVRTC"]
        guard
            let library = named != nil
                ? open(named) : open("libnvrtc.so.13") ?? open("libnvrtc.so.12") ?? open(Self.packagedLibrary())
        else { return nil }
        func function<Function>(_ name: String, _ type: Function.Type) -> Function? {
            dlsym(library, name).map { unsafeBitCast($0, to: type) }
        }
        guard let createProgram = function("nvrtcCreateProgram", Create.self),
            let compileProgram = function("nvrtcCompileProgram", Compile.self),
            let ptxSize = function("nvrtcGetPTXSize", Size.self), let ptxText = function("nvrtcGetPTX", Text.self),
            let cubinSize = function("nvrtcGetCUBINSize", Size.self),
            let cubinBytes = function("nvrtcGetCUBIN", Text.self),
            let version = function("nvrtcVersion", Version.self),
            let logSize = function("nvrtcGetProgramLogSize", Size.self),
            let logText = function("nvrtcGetProgramLog", Text.self),
            let destroyProgram = function("nvrtcDestroyProgram", Destroy.self)
        else { return nil }
        self.createProgram = createProgram
        self.compileProgram = compileProgram
        self.ptxSize = ptxSize
        self.ptxText = ptxText
        self.cubinSize = cubinSize
        self.cubinBytes = cubinBytes
        var (major, minor): (CInt, CInt) = (0, 0)
        _ = version(&major, &minor)
        self.version = "\(major).\(minor)"
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

    /// Compiles CUDA C++ to PTX for a virtual architecture, `compute_80`, or also to machine code for a real one,
    /// `sm_80`.
    package func compile(_ source: String, architecture: String, options: [String] = []) -> Result {
        var program: Program?
        guard createProgram(&program, source, "kernel.cu", 0, nil, nil) == 0, let made = program else {
            return Result(succeeded: false, ptx: "", cubin: [], log: "nvrtcCreateProgram failed")
        }
        defer { _ = destroyProgram(&program) }
        let texts = (["--gpu-architecture=\(architecture)"] + options).map { Array($0.utf8CString) }
        let status = Self.withPointers(to: texts[...]) { compileProgram(made, CInt($0.count), $0) }
        let hasCode = status == 0 && architecture.hasPrefix("sm_")
        return Result(
            succeeded: status == 0, ptx: status == 0 ? text(of: made, ptxSize, ptxText) : "",
            cubin: hasCode ? bytes(of: made, cubinSize, cubinBytes) : [], log: text(of: made, logSize, logText))
    }

    /// Lends C strings as an array of pointers.
    private static func withPointers<Value>(
        to texts: ArraySlice<[CChar]>, _ pointers: [UnsafePointer<CChar>?] = [],
        _ body: ([UnsafePointer<CChar>?]) -> Value
    ) -> Value {
        guard let first = texts.first else { return body(pointers) }
        return first.withUnsafeBufferPointer {
            withPointers(to: texts.dropFirst(), pointers + [$0.baseAddress], body)
        }
    }

    private func text(of program: Program, _ size: Size, _ read: Text) -> String {
        String(decoding: bytes(of: program, size, read).prefix { $0 != 0 }, as: UTF8.self)
    }

    private func bytes(of program: Program, _ size: Size, _ read: Text) -> [UInt8] {
        var count = 0
        guard size(program, &count) == 0, count > 0 else { return [] }
        var bytes = [CChar](repeating: 0, count: count)
        return read(program, &bytes) == 0 ? bytes.map(UInt8.init(bitPattern:)) : []
    }
}
