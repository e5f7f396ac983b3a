package import Compute
package import Kernels
import Quantities

/// What a device would compile for models of known sizes, which need not be there.
package enum DescribedModel {
    /// Heads of 64 and of 128, four and four that share a key.
    private static let shapes = [LlamaShape.llama1B, .llama8B]
    /// Heads that lanes have the least room for, and those of no power of two.
    private static let otherHeads = [(size: 256, heads: 16, kvHeads: 2), (96, 32, 32)]
    /// What families of models do with results that Llama does not.
    private static let epilogues: [MatMul.Epilogue] = [
        .init(.none, scale: 0.5), .init(.none, cap: 30), .init(.residual, scale: 0.5), .init(.paired, .gelu),
        .init(.paired, .clampedSilu), .init(.gated, .gelu), .init(.activated, .squaredRelu), .gating,
    ]

    /// Every kernel that a device with `limits` would compile for these models: in each weight format but F32, with
    /// keys and values in halves and in bytes, and with a small and a large pool; and what other families need besides.
    ///
    /// The operations themselves choose, bound to buffers that are not there.
    ///
    /// - Parameters:
    ///   - card: the name that the device's facts are known by.
    ///   - kernel: only variants of this one.
    package static func kernels(
        card: String, limits: DeviceLimits, dialect: Dialect, only kernel: String? = nil
    ) throws(ComputeError) -> [PendingKernels.Translated] {
        let kernels = try KernelSet(device: AbsentDevice(card: card, limits: limits, dialect: dialect))
        let ((), pending) = try kernels.gather { () throws(ComputeError) in
            for model in shapes {
                let bytes = try QuantisedRows(rows: rows, depth: model.feedForward, for: kernels)
                for format in WeightFormat.allCases where format.isServed {
                    try model.bindProducts(format, bytes, kernels)
                    // What such a device does where its products of whole numbers failed the self-test.
                    if bytes != nil { try model.bindProducts(format, nil, kernels) }
                }
                for kv in [KVType.f16, .q8_0] {
                    for poolBytes in poolSizes { try model.bindAttention(kv, poolBytes: poolBytes, kernels) }
                }
            }
            for epilogue in epilogues { try LlamaShape.llama8B.bindProduct(epilogue, kernels) }
            try LlamaShape.llama8B.bindNorms(kernels)
            try LlamaShape.llama8B.bindExperts(kernels)
            for poolBytes in poolSizes { try kernels.bindStates(poolBytes: poolBytes) }
            for heads in otherHeads {
                var model = LlamaShape.llama8B
                (model.headSize, model.heads, model.kvHeads) = heads
                for kv in [KVType.f16, .q8_0] { try model.bindAttention(kv, poolBytes: poolSizes[0], kernels) }
            }
        }
        return try pending.translated { kernel == nil || $0 == kernel }
    }

    /// Of one binding, and of several on devices whose bindings end at 4 GiB.
    fileprivate static let poolSizes = [2 << 30, 8 << 30]
    /// Rows of a batch, and rows with logits: buffers' sizes follow, and all are far from any limit.
    fileprivate static let (rows, logitRows) = (512, 64)
}

extension LlamaShape {
    /// Binds what `Transformer.ForwardPass` binds for one weight format.
    /// - Parameter bytes: for products of whole numbers.
    fileprivate func bindProducts(
        _ format: WeightFormat, _ bytes: QuantisedRows?, _ kernels: KernelSet
    ) throws(ComputeError) {
        func matrix(_ depth: Int, _ columns: Int) throws(ComputeError) -> DeviceWeights {
            try kernels.described(format, depth: depth, columns: columns)
        }
        let few = try kernels.described(4 * DescribedModel.rows)
        let x = try kernels.described(4 * DescribedModel.rows * embedding)
        let y = try kernels.described(4 * DescribedModel.rows * feedForward)
        func normed(_ sources: (any Buffer)?, _ bytes: QuantisedRows?) -> Products.Input {
            let norm = Normalisation(weight: few, sources: sources, epsilon: 1e-5)
            return Products.Input(x, norm: (norm, y: x), bytes: bytes)
        }
        func product(
            _ input: Products.Input, _ weights: DeviceWeights, into y: any Buffer, _ columns: Int,
            _ epilogue: MatMul.Epilogue = .none
        ) throws(ComputeError) {
            _ = try Products(
                kernels, input, depth: weights.shape.depth, [.init(weights, columns: columns)], y: y, stride: columns,
                epilogue: epilogue)
        }
        let (d, f, qkv) = (embedding, feedForward, qkvWidth)
        let table = try matrix(d, vocabulary)
        _ = try Embed(kernels, tokens: few, table: table, y: x)
        try product(normed(nil, bytes), try matrix(d, qkv), into: y, qkv)
        try product(.init(x, bytes: bytes), try matrix(heads * headSize, d), into: x, d, .residual)
        try product(normed(nil, bytes), try matrix(d, 2 * f), into: y, f, .swiglu)
        try product(.init(y, bytes: bytes), try matrix(f, d), into: x, d, .residual)
        let logits = try kernels.described(4 * DescribedModel.logitRows * vocabulary)
        let terms =
            bytes == nil ? nil : try QuantisedRows(rows: DescribedModel.logitRows, depth: d, terms: 2, for: kernels)
        try product(normed(few, terms), table, into: logits, vocabulary)
        let found = try kernels.described(4 * DescribedModel.logitRows * CandidateTokens.words)
        _ = try CandidateTokens(
            kernels, logits: logits, stride: vocabulary, vocabulary: vocabulary, counts: few, slopes: few, found: found)
    }

    /// Binds a product of floats with a bias.
    fileprivate func bindProduct(_ epilogue: MatMul.Epilogue, _ kernels: KernelSet) throws(ComputeError) {
        let columns = epilogue.isPaired ? 2 * feedForward : feedForward
        let y = try kernels.described(4 * DescribedModel.rows * feedForward)
        _ = try MatMul(
            kernels, x: .floats(y), weights: try kernels.described(.q4K, depth: embedding, columns: columns),
            bias: try kernels.described(4 * columns), y: y, columns: feedForward, stride: feedForward,
            epilogue: epilogue)
    }

    fileprivate func bindExperts(_ kernels: KernelSet) throws(ComputeError) {
        let y = try kernels.described(4 * DescribedModel.rows * feedForward), count = 32
        let choice = ExpertRouting.Choice(experts: count, used: 4)
        let routing = try ExpertRouting(
            kernels, choice, logits: y, .init(choice, rows: DescribedModel.rows, for: kernels))
        for (format, epilogue) in [(WeightFormat.q4K, MatMul.Epilogue.swiglu), (.mxfp4, .none)] {
            let weights = try kernels.described(format, depth: embedding, columns: count * 2 * feedForward)
            _ = try MatMul(
                kernels, x: .floats(y), weights: weights, bias: y, y: y, columns: feedForward, stride: feedForward,
                epilogue: epilogue, experts: .init(routing, takesSlots: false))
        }
        _ = try CombineExperts(kernels, routing, x: y, y: y, width: embedding)
    }

    fileprivate func bindNorms(_ kernels: KernelSet) throws(ComputeError) {
        let x = try kernels.described(4 * DescribedModel.rows * embedding)
        let layer = Normalisation(kind: .layer, weight: x, bias: x, epsilon: 1e-5)
        _ = try Norm(kernels, x: x, layer, y: x, width: embedding)
        let rms = Normalisation(weight: x, epsilon: 1e-5)
        _ = try Norm(kernels, x: x, rms, y: x, width: embedding, isAdded: true)
    }

    /// Binds what `Transformer.ForwardPass` binds for one kind of keys and values.
    fileprivate func bindAttention(_ kv: KVType, poolBytes: Int, _ kernels: KernelSet) throws(ComputeError) {
        let page: PageLayout
        do throws(KVError) { page = try PageLayout(type: kv, headSize: headSize) } catch {
            throw .argument(kernel: "attention", reason: error.description)
        }
        let shape = AttentionShape(
            heads: heads, kvHeads: kvHeads, rotated: headSize, pagesPerBlock: layers * kvHeads, page: page)
        let few = try kernels.described(16 * DescribedModel.rows)
        let qkv = try kernels.described(4 * DescribedModel.rows * shape.rowWidth)
        let rows = RowBuffers(rows: few, mask: .causal, tables: few)
        let pool = try kernels.described(poolBytes)
        for isWholeRow in [false, true] {
            _ = try HeadNorm(
                kernels, shape: shape, qkv: qkv, queryWeight: few, keyWeight: few, epsilon: 1e-5,
                isWholeRow: isWholeRow)
        }
        _ = try RopeStore(kernels, shape, qkv: qkv, rotations: few, rows: rows, pool: pool)
        _ = try Attention(
            kernels, shape, AttentionScores(headSize: headSize), qkv: qkv, rows: rows, pool: pool, y: qkv)
    }
}

extension KernelSet {
    func described(_ byteCount: Int) throws(ComputeError) -> any Buffer {
        try device.makeBuffer(byteCount: byteCount, access: .device, label: "described")
    }

    fileprivate func described(
        _ format: WeightFormat, depth: Int, columns: Int
    ) throws(ComputeError) -> DeviceWeights {
        let layout = PanelLayout(vectorWidth: limits.vectorWidth)
        let shape = PanelShape(
            format: format, depth: depth, panels: layout.padded(columns) / layout.width, layout: layout)
        return DeviceWeights(
            shape: shape, words: try described(shape.weightByteCount),
            scales: format.blocks == nil ? nil : try described(shape.scaleByteCount))
    }
}

extension WeightFormat {
    /// Whether models of these sizes are served in the format: nobody keeps a whole model in single precision.
    fileprivate var isServed: Bool { self != .f32 }
}

/// What kernels are bound to where nothing will run: a device of some limits, with buffers that have a size alone.
private final class AbsentDevice: Device {
    let description: DeviceDescription
    let limits: DeviceLimits
    let dialect: Dialect

    init(card: String, limits: DeviceLimits, dialect: Dialect) {
        description = DeviceDescription(
            api: .vulkan, index: 0, name: card, kind: .other, driver: "none", memoryByteCount: 0)
        self.limits = limits
        self.dialect = dialect
    }

    private final class AbsentBuffer: Buffer {
        let byteCount: Int
        let label: String
        var contents: UnsafeMutableRawBufferPointer? { nil }

        init(byteCount: Int, label: String) {
            self.byteCount = byteCount
            self.label = label
        }

        func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ComputeError) {
            throw .unsupported(device: label, reason: "it is not there")
        }

        func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(ComputeError) {
            throw .unsupported(device: label, reason: "it is not there")
        }
    }

    func makeBuffer(byteCount: Int, access: BufferAccess, label: String) throws(ComputeError) -> any Buffer {
        AbsentBuffer(byteCount: byteCount, label: label)
    }

    func makeKernel(_ code: KernelCode) throws(ComputeError) -> any Kernel {
        throw .unsupported(device: description.name, reason: "it is not there")
    }

    func makeLane(label: String) throws(ComputeError) -> any Lane {
        throw .unsupported(device: description.name, reason: "it is not there")
    }
}
