import CCUDA
import Foundation

/// NVIDIA's run-time compiler, which needs no GPU: opened at run time, from the file that `WEFT_NVRTC` names, from the
/// system's libraries or from the Python package nvidia-cuda-nvrtc-cu12.
package struct NVRTC: @unchecked Sendable {
    /// What a program became.
    package struct Result {
        package var succeeded: Bool
        package var ptx: String
        /// Machine code, for a real architecture; empty for a virtual one.
        package var cubin: [UInt8]
        package var log: String
    }

    /// What to do where there is none.
    package static let remedy =
        "no NVRTC in WEFT_NVRTC, among the system's libraries or in Python's nvidia-cuda-nvrtc-cu12"

    /// `12.9`
    package let version: String
    /// Those that it compiles for, as 10 x major + minor, in rising order.
    package let architectures: [Int]

    private let createProgram: weft_nvrtcCreateProgram
    private let compileProgram: weft_nvrtcCompileProgram
    private let ptxSize: weft_nvrtcGetPTXSize
    private let ptxText: weft_nvrtcGetPTX
    private let cubinSize: weft_nvrtcGetCUBINSize
    private let cubinBytes: weft_nvrtcGetCUBIN
    private let logSize: weft_nvrtcGetProgramLogSize
    private let logText: weft_nvrtcGetProgramLog
    private let destroyProgram: weft_nvrtcDestroyProgram

    /// - Parameter path: the library; `nil` for where it is looked for.
    /// - Returns: `nil` where the library is missing.
    package init?(library path: String? = nil) {
        func open(_ path: String?) -> UnsafeMutableRawPointer? { path.flatMap { dlopen($0, RTLD_NOW | RTLD_LOCAL) } }
        let named = path ?? ProcessInfo.processInfo.environment["WEFT_NVRTC"]
        guard
            let library = named != nil
                ? open(named) : open("libnvrtc.so.13") ?? open("libnvrtc.so.12") ?? open(Self.packagedLibrary())
        else { return nil }
        func load<Function>(_ name: String, as type: Function.Type) -> Function? {
            dlsym(library, name).map { unsafeBitCast($0, to: type) }
        }
        guard let createProgram = load("nvrtcCreateProgram", as: weft_nvrtcCreateProgram.self),
            let compileProgram = load("nvrtcCompileProgram", as: weft_nvrtcCompileProgram.self),
            let ptxSize = load("nvrtcGetPTXSize", as: weft_nvrtcGetPTXSize.self),
            let ptxText = load("nvrtcGetPTX", as: weft_nvrtcGetPTX.self),
            let cubinSize = load("nvrtcGetCUBINSize", as: weft_nvrtcGetCUBINSize.self),
            let cubinBytes = load("nvrtcGetCUBIN", as: weft_nvrtcGetCUBIN.self),
            let version = load("nvrtcVersion", as: weft_nvrtcVersion.self),
            let architectureCount = load("nvrtcGetNumSupportedArchs", as: weft_nvrtcGetNumSupportedArchs.self),
            let architectures = load("nvrtcGetSupportedArchs", as: weft_nvrtcGetSupportedArchs.self),
            let logSize = load("nvrtcGetProgramLogSize", as: weft_nvrtcGetProgramLogSize.self),
            let logText = load("nvrtcGetProgramLog", as: weft_nvrtcGetProgramLog.self),
            let destroyProgram = load("nvrtcDestroyProgram", as: weft_nvrtcDestroyProgram.self)
        else { return nil }
        self.createProgram = createProgram
        self.compileProgram = compileProgram
        self.ptxSize = ptxSize
        self.ptxText = ptxText
        self.cubinSize = cubinSize
        self.cubinBytes = cubinBytes
        self.logSize = logSize
        self.logText = logText
        self.destroyProgram = destroyProgram
        var (major, minor): (CInt, CInt) = (0, 0)
        _ = version(&major, &minor)
        self.version = "\(major).\(minor)"
        var count: CInt = 0
        _ = architectureCount(&count)
        var numbers = [CInt](repeating: 0, count: Int(count))
        _ = architectures(&numbers)
        self.architectures = numbers.map(Int.init).sorted()
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
        var program: weft_nvrtcProgram?
        guard createProgram(&program, source, "kernel.cu", 0, nil, nil) == WEFT_NVRTC_SUCCESS, let made = program else {
            return Result(succeeded: false, ptx: "", cubin: [], log: "nvrtcCreateProgram failed")
        }
        defer { _ = destroyProgram(&program) }
        let texts = (["--gpu-architecture=\(architecture)"] + options).map { Array($0.utf8CString) }
        let status = Self.withPointers(to: texts[...]) { compileProgram(made, CInt($0.count), $0) }
        let hasCode = status == WEFT_NVRTC_SUCCESS && architecture.hasPrefix("sm_")
        return Result(
            succeeded: status == WEFT_NVRTC_SUCCESS,
            ptx: status == WEFT_NVRTC_SUCCESS ? text(of: made, ptxSize, ptxText) : "",
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

    private typealias Size = weft_nvrtcGetPTXSize
    private typealias Text = weft_nvrtcGetPTX

    private func text(of program: weft_nvrtcProgram, _ size: Size, _ read: Text) -> String {
        String(decoding: bytes(of: program, size, read).prefix { $0 != 0 }, as: UTF8.self)
    }

    private func bytes(of program: weft_nvrtcProgram, _ size: Size, _ read: Text) -> [UInt8] {
        var count = 0
        guard size(program, &count) == WEFT_NVRTC_SUCCESS, count > 0 else { return [] }
        var bytes = [CChar](repeating: 0, count: count)
        return read(program, &bytes) == WEFT_NVRTC_SUCCESS ? bytes.map(UInt8.init(bitPattern:)) : []
    }
}
