package import ComputeCUDA
import Files
import Foundation
import Synchronization

/// A stand-in for NVIDIA's driver and for NVRTC, which runs the CUDA dialect on the CPU (`driver.cpp`, `compiler.cpp`,
/// `kernel.hpp`). Each has devices, memory and faults of its own.
///
/// ```
/// let double = try CUDADouble(["capability": 80, "multiprocessors": 108])
/// double.fail("kernel", 719)
/// let device = try CUDADevice(DeviceSelector("cuda"), in: double.platform(), cacheDirectory: CUDADouble.kernels)
/// ```
/// Backends find it as they find the real ones, by the paths of two libraries.
package final class CUDADouble: Sendable {
    /// The libraries' paths, for `WEFT_LIBCUDA` and `WEFT_NVRTC`.
    package let driver: String
    package let compiler: String
    private typealias Failing = @convention(c) (UnsafePointer<CChar>, CInt, CInt, CInt) -> Void
    private typealias Counting = @convention(c) (UnsafePointer<CChar>) -> Int
    private let failing: Failing
    private let counting: Counting
    private let mending: @convention(c) () -> Void

    /// - Parameters:
    ///   - settings: what `driver.cpp` lists.
    ///   - isOld: whether the driver is older than green contexts.
    package init(_ settings: [String: Int] = [:], isOld: Bool = false) throws {
        let library = try (isOld ? Self.oldDriver : Self.newDriver).get()
        compiler = try Self.compilerLibrary.get()
        // The same file would be the same library, with the same devices.
        driver = "\(Self.folder)/copy-\(UUID().uuidString).so"
        try FileManager.default.copyItem(atPath: library, toPath: driver)
        guard let library = dlopen(driver, RTLD_NOW | RTLD_LOCAL),
            let configure = dlsym(library, "weft_cuda_configure"), let fail = dlsym(library, "weft_cuda_fail"),
            let count = dlsym(library, "weft_cuda_count"), let mend = dlsym(library, "weft_cuda_mend")
        else { throw Failure(description: String(cString: dlerror())) }
        failing = unsafeBitCast(fail, to: Failing.self)
        counting = unsafeBitCast(count, to: Counting.self)
        mending = unsafeBitCast(mend, to: (@convention(c) () -> Void).self)
        let text = settings.map { "\($0)=\($1)" }.joined(separator: ",")
        unsafeBitCast(configure, to: (@convention(c) (UnsafePointer<CChar>) -> Void).self)(text)
    }

    deinit { unlink(driver) }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Opens the driver, as a program does.
    package func platform(hasCompiler: Bool = true) throws -> CUDAPlatform {
        try CUDAPlatform(library: driver, compiler: hasCompiler ? compiler : "/nowhere")
    }

    /// Lets the next calls of a name fail, or `kernel` for a launch when it runs.
    package func fail(_ call: String, _ code: Int, after skipped: Int = 0, times: Int = 1) {
        failing(call, CInt(code), CInt(skipped), CInt(times))
    }

    /// Lets nothing fail that has not failed yet.
    package func mend() { mending() }

    /// How many there are now of `streams`, `events`, `libraries`, `green contexts`, `memories` or `contexts`, or were
    /// so far of `launches`, `loads`, `resets`, `synchronisations`, `copies of peers`, `urgent streams` or `mistakes`.
    package func count(_ what: String) -> Int { counting(what) }

    /// What was reserved and not given back, by kind, and calls that should not have been made; none is as it should
    /// be.
    package var leftovers: [String: Int] {
        var left: [String: Int] = [:]
        for what in ["streams", "events", "libraries", "green contexts", "memories", "contexts", "mistakes"] {
            if count(what) > 0 { left[what] = count(what) }
        }
        return left
    }

    // MARK: Building

    /// Whether there is a compiler to build it with; says so aloud where there is none.
    package static let isAvailable: Bool = {
        if cxx != nil { return true }
        print("SKIPPED: no clang++ or g++ to build the stand-in for CUDA's driver with; ComputeCUDA is UNCHECKED")
        return false
    }()

    /// Where what is compiled is kept between runs.
    package static let kernels = folder + "/kernels"

    private static let sources = URL(filePath: #filePath).deletingLastPathComponent().path
    private static let headers = "\(sources)/../../Sources/CCUDA"

    private static let cxx: String? = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return ["clang++", "g++"].lazy.flatMap { name in folders.map { "\($0)/\(name)" } }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// One for each state of the sources.
    private static let folder: String = {
        let files = ["\(sources)/driver.cpp", "\(sources)/compiler.cpp", "\(sources)/kernel.hpp"]
        let texts = files + ["\(headers)/cuda_driver.h"]
        let all = texts.map { (try? String(contentsOfFile: $0, encoding: .utf8)) ?? "" }
        return NSTemporaryDirectory() + "weft-cuda-double-" + Checksum.name(of: all.joined() + (cxx ?? ""))
    }()

    private static let newDriver = Result { try build("driver", from: "driver") }
    private static let oldDriver = Result { try build("old-driver", from: "driver", "-DWEFT_OLD_DRIVER") }
    private static let compilerLibrary = Result { try build("compiler", from: "compiler") }

    /// Builds a library where it is missing. Optimising it would take longer than it saves.
    private static func build(_ name: String, from source: String, _ options: String...) throws -> String {
        let path = "\(folder)/\(name).so"
        if FileManager.default.fileExists(atPath: path) { return path }
        guard let cxx else { throw Failure(description: "no C++ compiler") }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let made = "\(folder)/\(UUID().uuidString)"
        let arguments = [
            "-std=c++17", "-O0", "-Wall", "-Werror", "-fPIC", "-shared", "-pthread", "-I\(headers)",
            "-DWEFT_COMPILER=\"'\(cxx)'\"", "-DWEFT_PREAMBLE=\"\(sources)/kernel.hpp\"",
            "\(sources)/\(source).cpp", "-o", made, "-ldl",
        ]
        let output = try run(cxx, arguments + options)
        guard output.status == 0 else { throw Failure(description: output.text) }
        guard rename(made, path) == 0 else { throw Failure(description: "\(path) cannot be made") }
        return path
    }

    /// Runs a program; its output and its errors come together.
    package static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    /// The compiler that it is built with.
    package static var compilerPath: String? { cxx }
}
