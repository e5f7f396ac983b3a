import Compute
import ComputeOpenCL
import GGUF
import Kernels
import Quantities
import TestDevices
import Testing
import Transformer

/// Tiny models that read against what llama.cpp makes of them, row by row and pooled.
struct ReadingTests {
    /// What llama.cpp's words mean. A ranker's rows are those of its file.
    static let poolings: [(word: String, rows: Pooling.Rows)] = [("mean", .mean), ("cls", .first), ("last", .last)]

    /// Rows are up to 4.4; where llama.cpp takes gelu from halves, its own differ by 5e-4.
    static func bound(_ network: ReferenceNetwork) -> Double { network.hasGelu ? 1e-3 : 1e-4 }

    static func distance(_ a: some Sequence<Double>, _ b: some Sequence<Double>) -> Double {
        zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
    }

    @Test func allKindsAreHere() throws {
        let poolings = try FamilyTests.readers.map { try #require(Network(FamilyTests.file($0)).pooling) }
        #expect(Set(poolings.map(\.rows)) == [.mean, .first, .last])
        #expect(Set(poolings.map(\.result)) == [.vector, .score, .share])
        #expect(Set(poolings.map(\.layers.count)) == [0, 1, 2])
    }

    @Test(arguments: FamilyTests.readers)
    func thePlainNetworkAgrees(_ name: String) throws {
        let vectors = try #require(FamilyTests.vectors[name])
        let network = try ReferenceNetwork(FamilyTests.file(name), takesGeluFromHalves: true)
        let rows = try network.rows(vectors.prompt)
        let isRanker = network.network.pooling?.result != .vector
        for (position, row) in zip(vectors.positions, try #require(vectors.embeddings)) {
            // A ranker's head is for pooled rows alone.
            let own = isRanker ? rows[position] : try network.headed([rows[position]])[0]
            #expect(own.count == row.count)
            #expect(Self.distance(own, row) < Self.bound(network), "\(name) at \(position)")
        }
    }

    /// A head's file says how wide it is, and another's tensors are not taken for it.
    @Test func headsFollowFromTensors() throws {
        func pooling(_ name: String) throws -> Pooling? { try Network(FamilyTests.file(name)).pooling }
        #expect(try pooling("qwen3") == nil)
        #expect(try pooling("bert")?.layers == [])
        #expect(try pooling("bert")?.rows == .first)
        #expect(try pooling("gemma-embedding")?.layers.map(\.width) == [64, 32])
        #expect(try pooling("bert-rank")?.layers.map(\.isBent) == [true, false])
        #expect(try pooling("qwen3-rank")?.layers.map(\.name) == ["cls.output"])
        #expect(try pooling("gemma-embedding")?.width(7) == 32)
        #expect(try pooling("nomic-bert")?.width(7) == 7)
        #expect(try pooling("bert-rank")?.width(7) == 1)
    }
}

/// The same on devices.
@Suite(.serialized)
struct ReadingDeviceTests {
    @Test(arguments: FamilyTests.readers)
    func lavapipeAgrees(_ name: String) throws {
        try onLavapipe { try check(name, on: $0) }
    }

    @Test(arguments: FamilyTests.readers)
    func poclAgrees(_ name: String) throws {
        try check(name, on: pocl())
    }

    private func check(_ name: String, on device: any Device) throws {
        let file = try FamilyTests.file(name), vectors = try #require(FamilyTests.vectors[name])
        let reference = try ReferenceNetwork(file), exact = try reference.rows(vectors.prompt)
        var options = Model.Options()
        options.kvType = .f32
        // What looks back only may come in pieces.
        options.maxRows = reference.network.readsAhead ? 64 : 20
        var sequence = try SingleSequence(
            file, options: options, contextLength: 64, logitRows: options.maxRows, kernels: KernelSet(device: device),
            warmsUp: false)
        var pooled = ReadingTests.poolings.map { PooledRows($0.rows) }
        let own = try #require(reference.network.pooling)
        var ownPooled = PooledRows(own.rows)
        let last = vectors.prompt.count - 1
        try sequence.feed(vectors.prompt, at: 0) { position, row in
            let numbers = row.indices.map { Double(row[$0]) }
            let worst = ReadingTests.distance(numbers, exact[position])
            #expect(numbers.count == exact[position].count && worst < 1e-4, "\(name) is off by \(worst) at \(position)")
            for index in pooled.indices {
                if pooled[index].wanted(beginsText: position == 0, endsText: position == last) != .none {
                    pooled[index].add(row)
                }
            }
            if ownPooled.wanted(beginsText: position == 0, endsText: position == last) != .none { ownPooled.add(row) }
        }
        let bound = ReadingTests.bound(reference)
        for (word, numbers) in try #require(vectors.pooled) {
            guard let index = ReadingTests.poolings.firstIndex(where: { $0.word == word }) else {
                let score = sequence.model.result(of: ownPooled)
                #expect(word == "rank" && score.count == 1 && abs(Double(score[0]) - numbers[0]) < bound, "\(name)")
                continue
            }
            let result = sequence.model.result(of: pooled[index])
            #expect(result.count == numbers.count)
            #expect(ReadingTests.distance(result.map { Double($0) }, numbers) < bound, "\(name) \(word)")
        }
    }

    /// Texts of one pass, long and short, are each what they are alone, and leave nothing in the pool.
    @Test(arguments: ["bert", "gemma-embedding"])
    func textsOfAPassDoNotMix(_ name: String) throws {
        let device = try OpenCLDevice(
            DeviceSelector("opencl"), in: OpenCLPlatforms(), cacheDirectory: ProcessFolder.path)
        let kernels = try KernelSet(device: device)
        var options = Model.Options()
        (options.maxRows, options.maxLogitRows, options.maxTexts) = (64, 64, 6)
        let pool = try KVPool(pageCount: 0, pageBytes: 1024, sequences: 1, pagesPerSequence: 1, on: [device])
        let model = try Model(FamilyTests.file(name), options: options, pool: pool, kernels: kernels)
        let lane = try device.makeLane(label: "texts")
        #expect(model.contextLength == 64 && !model.kvShape.hasPages)
        func rows(of texts: [[Int32]]) throws -> [[Float]] {
            var batch = Batch()
            for (index, text) in texts.enumerated() { batch.append(text, slot: index, position: 0, logits: .ofAll) }
            try model.forward(batch, on: lane)
            return (0..<batch.rowCount).map { model.withOutput($0) { row in row.indices.map { row[$0] } } }
        }
        let texts = [1, 17, 5, 30, 9, 2].map { (length: Int) in (0..<length).map { Int32(($0 * 31 + length) % 100) } }
        let together = try rows(of: texts)
        #expect(together == (try texts.flatMap { try rows(of: [$0]) }))
        #expect(Set(together).count == together.count)
    }
}
