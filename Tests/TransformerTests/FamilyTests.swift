import CUDADouble
import Compute
import ComputeCUDA
import Foundation
import GGUF
import Kernels
import Quantities
import Testing
import Transformer

/// Tiny models of all families against what llama.cpp makes of them (`tools/golden/family_vectors.py`).
struct FamilyTests {
    /// What llama.cpp said of a file.
    struct Vectors: Decodable, Sendable {
        var prompt: [Int32]
        var positions: [Int]
        var logits: [[Double]]?
        var tokens: [Int32]?
        var margins: [Double]?
        /// Of files of models that read: the rows at the positions, with what stands behind pooled ones.
        var embeddings: [[Double]]?
        /// By the words of llama.cpp, of length one, or the numbers of a head that ranks.
        var pooled: [String: [Double]]?
    }

    static let folder =
        Bundle.module.url(forResource: "Resources", withExtension: nil)?
        .appending(path: "families") ?? URL(filePath: "/")
    static let vectors: [String: Vectors] =
        (try? JSONDecoder().decode(
            [String: Vectors].self, from: Data(contentsOf: folder.appending(path: "vectors.json")))) ?? [:]

    /// The files of families that are there yet.
    static let all = vectors.keys.sorted().filter { name in
        guard case .string(let architecture)? = (try? file(name))?.metadata["general.architecture"] else {
            return false
        }
        return Network.architectures.contains(architecture)
    }
    /// Those that speak, and those that read.
    static let names = all.filter { vectors[$0]?.logits != nil }
    static let readers = all.filter { vectors[$0]?.embeddings != nil }

    static func file(_ name: String) throws -> GGUFFile {
        try GGUFFile(path: folder.appending(path: "\(name).gguf").path)
    }

    @Test func filesOfAllFamiliesAreHere() throws {
        let tested = Set(try Self.all.map { try Network(Self.file($0)).architecture })
        #expect(tested.sorted() == Network.architectures.sorted())
    }

    @Test(arguments: names)
    func thePlainNetworkAgrees(_ name: String) throws {
        let file = try Self.file(name), vectors = try #require(Self.vectors[name])
        let expected = try #require(vectors.logits)
        // Token by token, llama.cpp's own logits differ by up to 5e-5, and with gelu by up to 5e-4.
        let network = try ReferenceNetwork(file, takesGeluFromHalves: true)
        let logits = try network.logits(vectors.prompt), bound = network.hasGelu ? 5e-4 : 1e-4
        for (position, row) in zip(vectors.positions, expected) {
            let worst = zip(logits[position], row).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst < bound, "\(name) is off by \(worst) at \(position)")
        }
    }
}

/// The same on devices: logits, and what follows greedily.
@Suite(.serialized)
struct FamilyDeviceTests {
    @Test(arguments: FamilyTests.names)
    func lavapipeAgrees(_ name: String) throws {
        try onLavapipe { try check(name, on: $0) }
    }

    @Test(arguments: FamilyTests.names)
    func poclAgrees(_ name: String) throws {
        try check(name, on: pocl())
    }

    /// The CUDA dialect, by the backend on a stand-in for NVIDIA's driver: on lanes, and on tensor cores, where what is
    /// multiplied is rounded to halves.
    @Test(.enabled(if: CUDADouble.isAvailable), arguments: [("llama", 1e-4), ("qwen3", 1e-4), ("llama", 0.05)])
    func cudaAgrees(_ name: String, within bound: Double) throws {
        let double = try CUDADouble()
        do {
            let platform = try double.platform()
            let device = try CUDADevice(DeviceSelector("cuda"), in: platform, cacheDirectory: CUDADouble.kernels) {
                if bound < 1e-3 { $0.matrix = nil }
            }
            try check(name, on: device, within: bound)
        }
        #expect(double.leftovers == [:])
    }

    private func check(_ name: String, on device: any Device, within bound: Double = 1e-4) throws {
        let file = try FamilyTests.file(name), vectors = try #require(FamilyTests.vectors[name])
        let (expected, tokens) = (try #require(vectors.logits), try #require(vectors.tokens))
        let margins = try #require(vectors.margins), prompt = vectors.prompt
        // What llama.cpp's rounding of gelu makes of a model is up to 2e-3.
        let reference = try ReferenceNetwork(file), exact = reference.hasGelu ? try reference.logits(prompt) : nil
        var options = Model.Options()
        options.kvType = .f32
        options.maxRows = 32
        var sequence = try SingleSequence(
            file, options: options, contextLength: 256, logitRows: 32, kernels: KernelSet(device: device),
            warmsUp: false)
        var last: [Float] = []
        try sequence.feed(prompt, at: 0) { position, logits in
            last = logits.indices.map { logits[$0] }
            guard let place = vectors.positions.firstIndex(of: position) else { return }
            let wanted = exact?[position] ?? expected[place]
            let worst = zip(last, wanted).map { abs(Double($0) - $1) }.max() ?? .infinity
            #expect(worst < bound, "\(name) is off by \(worst) at \(position)")
        }
        for (index, (token, margin)) in zip(tokens, margins).enumerated() {
            let best = last.indices.reduce(0) { last[$1] > last[$0] ? $1 : $0 }
            // Nearer ones may go to either.
            let near = max(2 * bound, exact == nil ? 1e-3 : 4e-3)
            #expect(best == Int(token) || margin < near, "\(name) continues otherwise at \(index)")
            try sequence.feed([token], at: prompt.count + index) { _, logits in
                last = logits.indices.map { logits[$0] }
            }
        }
    }
}
