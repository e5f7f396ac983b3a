import Compute
import Kernels
import ShaderTesting
import TestDevices
import Testing

/// The tables run every variant of every kernel that an operation can ask for.
struct CoverageTests {
    @Test func everyKernelHasCases() throws {
        #expect(ShaderSuite.kernels == (try KernelLibrary.sources().keys.sorted()))
    }

    @Test func everyVariantIsRun() throws {
        let device = IdleDevice(
            dialect: .openCL,
            limits: DeviceLimits(
                maxBindingSize: 1 << 30, maxAllocationSize: 1 << 30, maxTexelElements: 0, maxBindings: 16,
                maxGroupSize: 1, maxGroupCount: 65535, maxParameterBytes: 128, subgroupSize: 1, groupSize: 1,
                vectorWidth: 4))
        let bench = try Workbench(KernelSet(device: device))
        // What an idle device leaves is wrong, of course.
        for test in ShaderSuite().cases(.none) { _ = try? test.run(on: bench, times: 1) }
        let missing = Self.wanted.filter { wanted in
            !device.dispatched.contains { $0.hasPrefix(wanted.kernel) && wanted.options.allSatisfy($0.contains) }
        }
        #expect(missing.isEmpty, "not run: \(missing)")
    }

    private static let inBlocks = [
        "Q8", "Q5", "Q4", "Q6_K", "Q5_K", "Q4_K", "Q3_K", "Q2_K", "IQ4_NL", "IQ4_XS", "MXFP4",
    ]
    private static let formats = ["F32", "F16", "BF16"] + inBlocks
    private typealias Wanted = (kernel: String, options: [String])

    private static let wanted: [Wanted] = products + attention + others

    private static let products = [("matmul", formats, [1, 2, 4, 8]), ("matmul_bytes", inBlocks, [1, 2, 4])]
        .flatMap { kernel, formats, heights -> [Wanted] in
            formats.flatMap { format in
                heights.flatMap { rows in
                    ["NONE", "RESIDUAL", "SWIGLU", "GATED"].map {
                        ("\(kernel)<", ["WEIGHTS=\(format),", "ROWS=\(rows),", "EPILOGUE=\($0)>"])
                    }
                }
            }
        }

    // More queries at once would not fit in registers.
    private static let attention = [(32, 4), (64, 4), (80, 3), (128, 2)].flatMap { size, most -> [Wanted] in
        ["F32", "F16", "Q8"].flatMap { kv in
            (1...most).map { ("attention<", ["KV=\(kv),", "HEAD_SIZE=\(size),", "QUERIES=\($0)>"]) }
        }
    }

    private static let others: [Wanted] = [
        formats.map { ("embed<", ["WEIGHTS=\($0)>"]) }, [0, 1].map { ("rms_norm<", ["GATHER=\($0)>"]) },
        ["NORM=0,GATHER=0>", "NORM=1,GATHER=0>", "NORM=1,GATHER=1>"].map { ("quantise<", [$0]) },
        ["F32", "F16", "Q8"].map { ("rope_store<", ["KV=\($0)>"]) },
        [2, 4, 8, 12].map { ("probe_fma<", ["CHAINS=\($0)>"]) }, [("probe_copy<", [])],
    ].flatMap { $0 }
}
