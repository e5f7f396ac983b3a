import Compute
import ComputeCUDA
import Kernels
import Quantities
import ShaderInspection
import TestDevices
import Testing

/// Every kernel that the engine can ask for compiles for NVIDIA's devices. None runs: that takes a backend, and a GPU.
struct CUDADialectTests {
    enum Reductions: String, CaseIterable, Sendable { case shuffles, sharedMemory }

    static let compiler = NVRTC()

    @Test(arguments: Reductions.allCases, ["compute_80", "compute_90"])
    func everyKernelCompiles(_ reductions: Reductions, _ architecture: String) throws {
        guard let compiler = Self.compiler else {
            print(
                "SKIPPED: no NVRTC in WEFT_NVRTC or in Python's nvidia-cuda-nvrtc-cu12; the CUDA dialect is UNCHECKED")
            return
        }
        let codes = try Self.codes(reductions)
        #expect(codes.count > (reductions == .shuffles ? 108 : 13))
        for code in codes {
            let result = compiler.compile(code.source, architecture: architecture)
            try #require(result.succeeded, "\(code.label) for \(architecture):\n\(result.log)")
            #expect(!result.log.contains("error") && !result.log.contains("warning"), "\(code.label):\n\(result.log)")
            #expect(result.ptx.contains(".visible .entry entry("), "\(code.label) has no entry point")
            #expect(result.ptx.contains(".target sm_\(architecture.suffix(2))"), "\(code.label)")
            #expect(!result.ptx.contains(".f64"), "\(code.label) computes in double precision")
            #expect(!result.ptx.contains(".local "), "\(code.label) keeps sums in memory")
            if code.label.hasPrefix("matmul") {
                #expect(result.ptx.contains("fma.rn.f32"), "\(code.label) multiplies and adds apart")
                #expect(result.ptx.contains("ld.global.nc.v4"), "\(code.label) loads words one by one")
            }
        }
    }

    @Test func reductionsUseWhatTheGroupHas() throws {
        guard let compiler = Self.compiler else { return }
        for reductions in Reductions.allCases {
            let norm = try #require(
                Self.codes(reductions).first { $0.label == "norm<NORM=RMS,BIAS=0,GATHER=0,ADDED=0>" })
            let ptx = compiler.compile(norm.source, architecture: "compute_80").ptx
            #expect(ptx.contains("shfl.sync.bfly") == (reductions == .shuffles))
            #expect(ptx.contains("bar.sync") == (reductions == .sharedMemory))
        }
    }

    /// Products on tensor cores.
    @Test(arguments: ["compute_75", "compute_90"])
    func productsOfMatricesCompile(_ architecture: String) throws {
        guard let compiler = Self.compiler else { return }
        var limits = DeviceLimits.generous
        (limits.matrix, limits.sharedMemoryBytes) = (.ofWarps, 48 << 10)
        let device = IdleDevice(limits: limits), kernels = try KernelSet(device: device)
        let buffer = try device.makeBuffer(byteCount: 1 << 20, access: .device, label: "any")
        for format in WeightFormat.allCases {
            let weights = DeviceWeights(
                shape: PanelShape(format: format, depth: 256, panels: 4, layout: PanelLayout(vectorWidth: 4)),
                words: buffer, scales: format.blocks.map { _ in buffer })
            for epilogue in [MatMul.Epilogue.none] + (format == .q4K ? [.residual, .swiglu] : []) {
                _ = try MatMul(
                    kernels, x: .floats(buffer), weights: weights, y: buffer, columns: 64, stride: 64,
                    epilogue: epilogue)
            }
        }
        let codes = device.codes
        #expect(codes.count == 3 * (WeightFormat.allCases.count + 2))
        for code in codes {
            let result = compiler.compile(code.source, architecture: architecture)
            try #require(result.succeeded, "\(code.label) for \(architecture):\n\(result.log)")
            #expect(!result.log.contains("error") && !result.log.contains("warning"), "\(code.label):\n\(result.log)")
            #expect(result.ptx.contains("wmma.mma.sync.aligned.row.row.m16n16k16.f32.f32"), "\(code.label)")
            #expect(!result.ptx.contains(".local "), "\(code.label) keeps sums in memory")
        }
    }

    /// The code of all kernels that the operations ask for, over all formats and shapes. Where the group is no warp, of
    /// some that reduce over it alone: the others are the same.
    private static func codes(_ reductions: Reductions) throws -> [KernelCode] {
        var limits = DeviceLimits.generous
        if reductions == .sharedMemory { (limits.subgroupSize, limits.groupSize) = (1, 64) }
        let device = IdleDevice(limits: limits)
        let kernels = try KernelSet(device: device)
        let buffer = try device.makeBuffer(byteCount: 1 << 20, access: .device, label: "any")
        if reductions == .shuffles {
            for format in WeightFormat.allCases {
                let weights = DeviceWeights(
                    shape: PanelShape(format: format, depth: 256, panels: 4, layout: PanelLayout(vectorWidth: 4)),
                    words: buffer, scales: format.blocks.map { _ in buffer })
                _ = try Embed(kernels, tokens: buffer, table: weights, y: buffer)
                let rows = QuantisedRows(bytes: buffer, scales: buffer)
                let inputs = [MatMul.Rows.floats(buffer)] + (format.blocks == nil ? [] : [.bytes(rows)])
                func products(_ epilogues: [MatMul.Epilogue]) throws(ComputeError) {
                    for epilogue in epilogues {
                        for x in inputs {
                            _ = try MatMul(
                                kernels, x: x, weights: weights, bias: epilogue.scale == 1 ? nil : buffer, y: buffer,
                                columns: 64, stride: 64, epilogue: epilogue)
                        }
                    }
                }
                let others: [MatMul.Epilogue] = [
                    .init(.none, scale: 2), .init(.none, cap: 30), .init(.activated, .gelu),
                    .init(.activated, .squaredRelu), .init(.gated, .gelu), .init(.paired, .clampedSilu), .gating,
                ]
                if format == .q4 {
                    let choice = ExpertRouting.Choice(experts: 2, used: 2, bias: buffer)
                    let lists = ExpertRouting.Lists(chosen: buffer, weights: buffer, places: buffer)
                    let routing = try ExpertRouting(kernels, choice, logits: buffer, lists)
                    _ = try MatMul(
                        kernels, x: .floats(buffer), weights: weights, y: buffer, columns: 64, stride: 64,
                        epilogue: .swiglu, experts: .init(routing, takesSlots: false))
                    _ = try CombineExperts(kernels, routing, x: buffer, y: buffer, width: 64)
                }
                // Results go out in the same way whatever the weights were, and tiles differ in height alone.
                if format == .q4 || format == .f32 {
                    try products([.none, .residual, .swiglu, .gated] + (format == .f32 ? others : []))
                } else {
                    try kernels.gather { () throws(ComputeError) in try products([.none]) }.1.compileFirst()
                }
            }
        }
        let bytes = QuantisedRows(bytes: buffer, scales: buffer)
        _ = try Quantise(kernels, x: buffer, y: bytes, depth: 64)
        let norm = Normalisation(weight: buffer, epsilon: 1e-5)
        let norms = [
            norm, Normalisation(weight: buffer, sources: buffer, epsilon: 1e-5),
            Normalisation(kind: .layer, weight: buffer, bias: buffer, epsilon: 1e-5),
        ]
        for norm in norms {
            _ = try Norm(kernels, x: buffer, norm, y: buffer, width: 64)
            _ = try Quantise(kernels, x: buffer, norm: norm, y: bytes, depth: 64)
        }
        _ = try Norm(kernels, x: buffer, norm, y: buffer, width: 64, isAdded: true, scale: 0.5)
        let rows = RowBuffers(rows: buffer, mask: .causal, tables: buffer)
        for shape in shapes where reductions == .shuffles || shape.headSize == 64 {
            for isWholeRow in [false, true] {
                _ = try HeadNorm(
                    kernels, shape: shape, qkv: buffer, queryWeight: buffer, keyWeight: buffer, epsilon: 1e-5,
                    isWholeRow: isWholeRow)
            }
            for queryRotations in [nil, buffer] {
                _ = try RopeStore(
                    kernels, shape, qkv: buffer, rotations: buffer, queryRotations: queryRotations, rows: rows,
                    pool: buffer)
            }
            let plain = AttentionScores(headSize: shape.headSize)
            // What else becomes of scores does not depend on how many heads share a key.
            let all = shape.heads > 1 ? [plain] : [plain, .init(scale: 1, cap: 50), .init(scale: 1, sinks: buffer)]
            for scores in all {
                _ = try Attention(kernels, shape, scores, qkv: buffer, rows: rows, pool: buffer, y: buffer)
            }
        }
        // Lanes that have a whole matrix each keep it in memory, as CPUs do; those of a GPU's groups share it.
        limits.sharedMemoryBytes = 64 << 10
        let grouped = IdleDevice(limits: limits)
        try bindStates(KernelSet(device: grouped), buffer)
        return device.codes + grouped.codes
    }

    private static func bindStates(_ kernels: KernelSet, _ buffer: any Buffer) throws {
        let results = try kernels.device.makeBuffer(byteCount: 1 << 20, access: .device, label: "results")
        let x = RowColumns(buffer: buffer, stride: 1024), y = RowColumns(buffer: results, stride: 1024)
        let pieces = PieceBuffers(pieces: buffer, tables: buffer, pool: buffer, pageBytes: 4096)
        for form in CausalConvolution.Shape.Form.allCases {
            _ = try CausalConvolution(
                kernels, .init(channels: 256, taps: 4, form: form), x: x, weight: buffer,
                bias: form == .silu ? buffer : nil, y: y, pieces: pieces, firstPage: 0)
        }
        for rule in StateRecurrence.Shape.Rule.allCases {
            for keySize in [16, 32, 64, 128, 256] {
                let shape = StateRecurrence.Shape(
                    rule: rule, heads: 2, keyHeads: 1, keySize: keySize, valueSize: 64, sharing: .groups)
                _ = try StateRecurrence(
                    kernels, shape, queries: x, keys: x, values: x, steps: x, betas: rule == .delta ? x : nil,
                    decay: buffer, stepBias: buffer, skip: rule == .scan ? buffer : nil, y: y, pieces: pieces,
                    firstPage: 0)
            }
        }
        for order in GatedNorm.Order.allCases {
            _ = try GatedNorm(
                kernels, order, x: y, gate: x, weight: buffer, groups: 2, width: 128, epsilon: 1e-6)
        }
    }

    /// Every head size, number format and number of heads that share a key.
    private static var shapes: [AttentionShape] {
        KVType.allCases.flatMap { kv in
            PageLayout.headSizes.flatMap { headSize in
                (1...4).map { ratio in
                    AttentionShape(
                        heads: ratio, kvHeads: 1, rotated: headSize, pagesPerBlock: 1,
                        page: PageLayout(type: kv, headSize: headSize, pageBytes: 32 * headSize * 4, tokensPerPage: 16))
                }
            }
        }
    }
}
