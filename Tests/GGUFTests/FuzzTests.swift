import GGUF
import Quantities
import Testing

@Suite("Damaged files")
struct FuzzTests {
    /// A good file and where its metadata and tensor descriptions end.
    struct Seed {
        let bytes: [UInt8]
        let headerSize: Int
    }

    /// What became of the damaged files.
    struct Outcome {
        var opened = 0
        var refusals: [GGUFError.Code: Int] = [:]
    }

    @Test("3,000 seeded mutations give a file or an error", arguments: [1, 2, 3] as [UInt64])
    func mutations(seed: UInt64) throws {
        let folder = try TemporaryFolder()
        let seeds = try seeds(in: folder)
        var random = SplitMix64(seed: seed)
        var outcome = Outcome()
        for _ in 0..<1_000 {
            let start = random.pick(seeds)
            var bytes = start.bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let donor = random.pick(seeds).bytes
                random.pick(Mutation.allCases)
                    .apply(to: &bytes, headerSize: start.headerSize, donor: donor, &random)
            }
            try open(folder.write(bytes, to: "mutant"), byteCount: bytes.count, &outcome)
        }
        // Otherwise the mutations are too mild or too wild to test anything.
        #expect(outcome.opened > 50, "\(outcome)")
        #expect(outcome.refusals.count >= 9, "\(outcome)")
    }

    private func open(_ path: String, byteCount: Int, _ outcome: inout Outcome) throws {
        do {
            let file = try GGUFFile(path: path)
            outcome.opened += 1
            try readAll(file, byteCount: byteCount)
        } catch let error as GGUFError {
            outcome.refusals[error.code, default: 0] += 1
        }
    }

    /// Touches everything; nothing may be larger than the file can say.
    private func readAll(_ file: GGUFFile, byteCount: Int) throws {
        var elements = 0
        for key in file.metadata.keys {
            switch try #require(file.metadata[key]) {
            case .array(let array): elements += array.count
            case .string(let string): elements += string.utf8.count
            default: elements += 1
            }
        }
        #expect(elements <= byteCount)
        #expect(file.tensors.reduce(0) { $0 + $1.byteCount } <= byteCount)
        for tensor in file.tensors {
            let last = tensor.layout.rowCount - 1
            #expect(try tensor.floats(rows: last..<last + 1).count == tensor.shape[0])
        }
    }

    private func seeds(in folder: borrowing TemporaryFolder) throws -> [Seed] {
        var paths = [try Golden.open("metadata").path]
        for type in [TensorType.q4_0, .f16] {
            var model = TinyLlama()
            model.layers = 1
            model.embeddingLength = 32
            model.heads = 1
            model.feedForwardLength = 32
            model.vocabularySize = 262
            model.type = type
            let path = folder.path("\(type).gguf")
            try model.write(to: path)
            paths.append(path)
        }
        return try paths.map { path in
            let data = try GGUFFile(path: path).tensors.reduce(0) { $0 + $1.byteCount }
            let bytes = try contents(of: path)
            return Seed(bytes: bytes, headerSize: bytes.count - data)
        }
    }
}
