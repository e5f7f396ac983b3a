import Compute
import Kernels
import Quantities
import ShaderTesting
import TestDevices
import Testing

/// The tables run every variant of every kernel that an operation can ask for.
struct CoverageTests {
    @Test func everyKernelHasCases() throws {
        let labels = try Self.dispatched(.none).union(Self.dispatched(.gpu)).union(Self.dispatchedOnMatrices())
        let run = Set(labels.map { String($0.prefix { $0 != "<" }) })
        #expect(run == Set(try KernelLibrary.sources().keys))
        #expect(run.isSuperset(of: ShaderSuite.kernels))
    }

    @Test("Fault 25: every variant is run", arguments: [Fallback.none, .gpu])
    func everyVariantIsRun(_ fallback: Fallback) throws {
        // Rows of attention share keys where vectors are wide.
        let dispatched = try Self.dispatched(fallback).union(
            fallback == .none ? Self.dispatched(.none, of: "attention") { $0.vectorWidth = 8 } : [])
        let missing = (fallback == .gpu ? Self.wantedOfGroups : Self.wanted).filter { wanted in
            !dispatched.contains { $0.hasPrefix(wanted.kernel) && wanted.options.allSatisfy($0.contains) }
        }
        #expect(missing.isEmpty, "not run: \(missing)")
    }

    /// On devices with matrix units all products of floats are computed on them.
    @Test func everyVariantIsRunOnMatrices() throws {
        let dispatched = try Self.dispatchedOnMatrices()
        let wanted: [Wanted] =
            Self.formats.flatMap { format in
                ["1", "4"].map { ("matmul_matrix<", ["WEIGHTS=\(format),", "ROWS=\($0),"]) }
            } + [("matmul_matrix<", ["ROWS=2,"]), ("matmul_matrix<", ["EXPERTS=1,"])]
            + Self.epilogues(of: ["matmul_matrix<"])
        let missing = wanted.filter { wanted in
            !dispatched.contains { $0.hasPrefix(wanted.kernel) && wanted.options.allSatisfy($0.contains) }
        }
        #expect(missing.isEmpty, "not run: \(missing)")
        #expect(!dispatched.contains { $0.hasPrefix("matmul<") || $0.hasPrefix("matmul_tile<") })
    }

    private static func dispatchedOnMatrices() throws -> Set<String> {
        try dispatched(.gpu, of: "matmul") {
            $0.matrix = MatrixShape(rows: 8, columns: 8, depth: 8)
            $0.subgroupSize = 8
        }
    }

    private static func dispatched(
        _ fallback: Fallback, of kernel: String? = nil, _ adjust: (inout DeviceLimits) -> Void = { _ in }
    ) throws -> Set<String> {
        var limits = DeviceLimits(
            maxBindingSize: 1 << 30, maxAllocationSize: 1 << 30, maxTexelElements: 0, maxBindings: 16,
            maxGroupSize: 1024, maxGroupCount: 65535, maxParameterBytes: 128, subgroupSize: 1, groupSize: 1,
            vectorWidth: 4)
        fallback.apply(to: &limits)
        adjust(&limits)
        let device = IdleDevice(dialect: .openCL, limits: limits, kind: .cpu)
        let bench = try Workbench(KernelSet(device: device))
        // What an idle device leaves is wrong, of course.
        for test in ShaderSuite(kernel: kernel).cases(fallback) { _ = try? test.run(on: bench, times: 1) }
        return Set(device.dispatched)
    }

    private static let inBlocks = [
        "Q8", "Q5", "Q4", "Q6_K", "Q5_K", "Q4_K", "Q3_K", "Q2_K", "IQ4_NL", "IQ4_XS", "MXFP4",
    ]
    private static let formats = ["F32", "F16", "BF16"] + inBlocks
    private typealias Wanted = (kernel: String, options: [String])

    private static let wantedOfGroups: [Wanted] =
        formats.flatMap { format in
            // The lowest and the highest of every format, and those between where a format alone has something of it.
            let isWhole = ["F32", "F16", "BF16", "Q8", "Q4"].contains(format)
            return (isWhole ? [1, 2, 4] : [1]).map { ("matmul<", ["WEIGHTS=\(format),", "ROWS=\($0),"]) }
                + (isWhole ? [2, 4, 6] : [6]).map { ("matmul_tile<", ["WEIGHTS=\(format),", "ROWS=\($0),"]) }
        }
        + ["NONE", "RESIDUAL", "PAIRED", "GATED"].flatMap { epilogue in
            ["matmul<", "matmul_tile<"].map { ($0, ["SPLITS=16,", "EPILOGUE=\(epilogue)>"]) }
        }
        + inBlocks.flatMap { format in
            [
                ("matmul_bytes<", ["WEIGHTS=\(format),", "ROWS=1,"]),
                ("matmul_bytes_tile<", ["WEIGHTS=\(format),", "ROWS=6,"]),
            ]
        }
        + [2, 4].map { ("matmul_bytes<", ["ROWS=\($0),", "TERMS=1,"]) }
        + [2, 4].map { ("matmul_bytes_tile<", ["ROWS=\($0),", "TERMS=1,"]) }
        + ["NONE", "RESIDUAL", "PAIRED", "GATED"].flatMap { epilogue in
            ["matmul_bytes<", "matmul_bytes_tile<"].map { ($0, ["SPLITS=16,", "EPILOGUE=\(epilogue)>"]) }
        }
        + ["ROWS=2,", "ROWS=4,"].map { ("matmul_bytes<", [$0, "TERMS=2,"]) }
        + ["ROWS=4,", "ROWS=6,"].map { ("matmul_bytes_tile<", [$0, "TERMS=2,"]) }
        + PageLayout.headSizes.map { ("attention_tile<", ["HEAD_SIZE=\($0),"]) }
        + ["F32", "F16", "Q8"].map { ("attention_tile<", ["KV=\($0),"]) }
        + [1, 2, 8].map { ("attention_tile<", ["ROWS=\($0),"]) }
        + PageLayout.headSizes.map { ("attention_merge<", ["HEAD_SIZE=\($0),"]) }
        + ["1", "8"].flatMap { parts in
            ["CAP=0,SINKS=0,", "CAP=1,SINKS=0,", "CAP=0,SINKS=1,", "CAP=1,SINKS=1,"].map {
                ("attention_tile<", [$0, "PARTS=\(parts),"])
            }
        } + ["0", "1"].map { ("attention_merge<", ["SINKS=\($0),"]) } + epilogues(of: ["matmul<", "matmul_tile<"])
        + ["matmul<", "matmul_tile<"].map { ($0, ["EXPERTS=1,"]) }
        + ["DELTA,SPLITS=1", "DELTA,SPLITS=2", "DELTA,SPLITS=4", "DELTA,SPLITS=8", "DELTA,SPLITS=16"].map {
            ("recur<", ["RULE=\($0)>"])
        } + ["SCAN,SPLITS=1", "SCAN,SPLITS=4", "SCAN,SPLITS=8", "SCAN,SPLITS=16"].map { ("recur<", ["RULE=\($0)>"]) }
        + [("convolve<", []), ("gated_norm<", [])]

    private static let wanted: [Wanted] =
        products + inTerms + epilogues(of: ["matmul<"]) + attention + scores + states + others

    private static let products = [("matmul", formats, [1, 2, 4, 8]), ("matmul_bytes", inBlocks, [1, 2, 4])]
        .flatMap { kernel, formats, heights -> [Wanted] in
            formats.flatMap { format in
                heights.flatMap { rows in
                    ["NONE", "RESIDUAL", "PAIRED", "GATED"].map {
                        ("\(kernel)<", ["WEIGHTS=\(format),", "ROWS=\(rows),", "EPILOGUE=\($0)>"])
                    }
                }
            }
        }

    private static func epilogues(of kernels: [String]) -> [Wanted] {
        kernels.flatMap { kernel in
            [
                "BIAS=0,CAP=1,ACTIVATION=SILU,EPILOGUE=NONE>", "BIAS=1,CAP=0,ACTIVATION=SILU,EPILOGUE=NONE>",
                "BIAS=1,CAP=0,ACTIVATION=SILU,EPILOGUE=RESIDUAL>", "BIAS=1,CAP=0,ACTIVATION=SILU,EPILOGUE=ACTIVATED>",
                "ACTIVATION=SILU,EPILOGUE=GATING>", "ACTIVATION=GELU,EPILOGUE=PAIRED>",
                "ACTIVATION=GELU,EPILOGUE=ACTIVATED>",
                "ACTIVATION=SQUARED_RELU,EPILOGUE=GATED>", "ACTIVATION=SQUARED_RELU,EPILOGUE=ACTIVATED>",
                "BIAS=1,CAP=0,ACTIVATION=CLAMPED_SILU,EPILOGUE=PAIRED>", "ACTIVATION=CLAMPED_SILU,EPILOGUE=GATED>",
            ].map { (kernel, [$0]) }
        }
    }

    private static let states: [Wanted] =
        [
            "FORM=PLAIN_SILU,TAPS=4,WIDE=0,BIAS=0>", "FORM=PLAIN_SILU,TAPS=4,WIDE=0,BIAS=1>",
            "FORM=PLAIN_SILU,TAPS=8,WIDE=0,BIAS=1>", "FORM=GATED,TAPS=2,WIDE=0,BIAS=0>",
            "FORM=GATED,TAPS=3,WIDE=0,BIAS=0>",
        ].map { ("convolve<", [$0]) } + ["DELTA", "SCAN"].map { ("recur<", ["RULE=\($0),SPLITS=0>"]) }
        + ["NORM_FIRST", "GATE_FIRST"].map { ("gated_norm<", ["ORDER=\($0)>"]) }
        + [("matmul_bytes<", ["EPILOGUE=GATING>"])]

    private static let inTerms = inBlocks.flatMap { format in
        [2, 4].map { rows -> Wanted in ("matmul_bytes<", ["WEIGHTS=\(format),", "ROWS=\(rows),", "TERMS=2,"]) }
    }

    // More queries at once would not fit in registers.
    private static let attention =
        zip(PageLayout.headSizes, [4, 4, 4, 3, 2, 2, 1, 1]).flatMap {
            size, most -> [Wanted] in
            ["F32", "F16", "Q8"].flatMap { kv in
                (1...most).map { ("attention<", ["KV=\(kv),", "HEAD_SIZE=\(size),", "QUERIES=\($0),ROWS=2>"]) }
            }
        } + ["F32", "F16", "Q8"].map { ("attention<", ["KV=\($0),", "ROWS=1>"]) }

    private static let scores =
        ["F32", "F16", "Q8"].map { ("attention<", ["KV=\($0),", "CAP=1,SINKS=1,"]) }
        + ["CAP=1,SINKS=0,", "CAP=0,SINKS=1,"].map { ("attention<", [$0]) }

    private static let others: [Wanted] =
        norms + stored + experts + shards + formats.map { ("embed<", ["WEIGHTS=\($0)>"]) } + [("embed<", ["ADDED=1,"])]
        + [2, 4, 8, 12].map { ("probe_fma<", ["CHAINS=\($0)>"]) } + [
            ("probe_copy<", []), ("head_norm<", []), ("candidates", []),
        ]

    private static let shards: [Wanted] =
        SumShards.counts.dropFirst().flatMap { count in
            ["ADDED=0>", "ADDED=1>"].map { ("sum_shards<", ["SHARDS=\(count),\($0)"]) }
        }

    private static let experts: [Wanted] = [
        ("matmul<", ["EXPERTS=1,", "EPILOGUE=PAIRED>"]), ("matmul<", ["EXPERTS=1,", "EPILOGUE=NONE>"]),
        ("route<", ["PROBABILITIES=SOFTMAX,BIAS=0,NORMALISED=0>"]), ("combine<", ["ADDED=0>"]),
        ("combine<", ["ADDED=1>"]), ("group_experts", []),
        ("route<", ["PROBABILITIES=SOFTMAX,BIAS=0,NORMALISED=1>"]),
        ("route<", ["PROBABILITIES=SOFTMAX,BIAS=1,NORMALISED=1>"]),
        ("route<", ["PROBABILITIES=SIGMOID,BIAS=0,NORMALISED=0>"]),
        ("route<", ["PROBABILITIES=SIGMOID,BIAS=1,NORMALISED=1>"]),
    ]

    private static var norms: [Wanted] {
        let plain = [
            "NORM=RMS,BIAS=0,GATHER=0,ADDED=0>", "NORM=RMS,BIAS=0,GATHER=1,ADDED=0>",
            "NORM=RMS,BIAS=0,GATHER=0,ADDED=1>", "NORM=RMS,BIAS=1,GATHER=0,ADDED=0>",
            "NORM=LAYER,BIAS=0,GATHER=0,ADDED=0>", "NORM=LAYER,BIAS=1,GATHER=1,ADDED=0>",
            "NORM=LAYER,BIAS=1,GATHER=0,ADDED=1>",
        ]
        let quantised = [
            "NORM=NONE,BIAS=0,GATHER=0,", "NORM=RMS,BIAS=0,GATHER=0,", "NORM=RMS,BIAS=0,GATHER=1,",
            "NORM=LAYER,BIAS=1,GATHER=0,",
        ]
        return plain.map { ("norm<", [$0]) }
            + quantised.flatMap { option -> [Wanted] in
                ["TERMS=1>", "TERMS=2>"].map { ("quantise<", [option, $0]) }
            }
    }

    private static let stored = ["F32", "F16", "Q8"].flatMap { kv -> [Wanted] in
        ["TABLES=1>", "TABLES=2>"].map { ("rope_store<", ["KV=\(kv),", $0]) }
    }
}
