import Compute
import ComputeOpenCL
import ComputeVulkan
import Engine
import Foundation
import Logging
import Testing
import Tokenization

/// A real encoder: MiniLM, from the package that also made the vectors (`tools/golden/sentence_encoder.py`).
@Suite(.serialized)
struct EncoderTests {
    private struct Vectors: Decodable {
        struct Question: Decodable {
            var text: String
            /// The texts, the most similar first.
            var order: [Int]
            var similarities: [Double]
        }

        var texts: [String]
        var tokens: [[Int32]]
        var vectors: [[Double]]
        var questions: [Question]

        static func load() throws -> Vectors {
            let url = ServedTests.folder.deletingLastPathComponent()
                .appending(path: "TokenizationTests/Resources/all-minilm-l6-v2.json")
            return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: url))
        }
    }

    static let model = "all-minilm-l6-v2"

    /// Elements of vectors of 384 are about 0.05. Matrices are of halves here, and gelu is an approximation by a
    /// tangent instead of the error function that the package takes.
    @Test(arguments: ["vulkan:llvmpipe", "opencl:pthread"])
    func vectorsAreThoseOfThePackage(_ selector: String) async throws {
        let vectors = try Vectors.load()
        let instance = try VulkanInstance(validates: true)
        let cache = NSTemporaryDirectory() + "weft-conformance"
        let device: any Device =
            selector.hasPrefix("opencl")
            ? try OpenCLDevice(DeviceSelector(selector), in: OpenCLPlatforms(), cacheDirectory: cache)
            : try VulkanDevice(DeviceSelector(selector), in: instance, cacheDirectory: cache)
        var configuration = UnitConfiguration(models: [ModelConfiguration(name: "m", path: "\(Self.model).gguf")])
        configuration.poolMegabytes = 1
        let fleet = Fleet(
            ServeConfiguration(units: [configuration]), modelFolder: TestModels.folder, logger: Logger(label: "test")
        ) { _ in Mesh(device) }
        try await fleet.load()
        let model = try #require(await fleet.models.first)
        #expect(model.purpose == .embedding(dimensions: 384))
        func vector(of text: String) async throws -> [Double] {
            let tokens = model.tokenizer.encode(text, parsesSpecial: false, addsSpecial: true)
            return try await fleet.embed(EmbeddingRequest(model: "m", prompt: tokens)).vector.map { Double($0) }
        }
        var worst = 0.0, texts: [[Double]] = []
        for (index, text) in vectors.texts.enumerated() {
            #expect(model.tokenizer.encode(text, parsesSpecial: false, addsSpecial: true) == vectors.tokens[index])
            texts.append(try await vector(of: text))
            worst = max(worst, zip(texts[index], vectors.vectors[index]).map { abs($0 - $1) }.max() ?? .infinity)
            #expect(texts[index].count == 384)
        }
        print("\(selector): elements of MiniLM's vectors are off by \(worst) at most")
        #expect(worst < 1e-3)
        for question in vectors.questions {
            let vector = try await vector(of: question.text)
            let similarities = texts.map { zip($0, vector).reduce(0) { $0 + $1.0 * $1.1 } }
            let order = similarities.indices.sorted { similarities[$0] > similarities[$1] }
            #expect(order.first == question.order.first, "\(question.text)")
            // Such as are nearer to one another than this may change places.
            let inOrder = zip(order, order.dropFirst()).allSatisfy {
                question.similarities[$0] > question.similarities[$1] - 2e-3
            }
            #expect(inOrder, "\(question.text): \(order), not \(question.order)")
        }
        #expect(instance.validationMessages == [])
    }

    /// The served binary with a model that generates and the encoder on one device, and real clients.
    @Test(arguments: ["vulkan:llvmpipe", "opencl:pthread"])
    func realClientsAreServed(_ device: String) throws {
        let config = FileManager.default.temporaryDirectory.appending(path: "weft-encoder-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: config) }
        let chat = ServedTests.models[0]
        let models = [chat, Self.model].map { "  - {name: \($0), path: \($0).gguf}\n" }.joined()
        try "pool_mb: 256\nmodels:\n\(models)".write(to: config, atomically: true, encoding: .utf8)
        let server = try ServedProcess(config: config.path, device: device)
        defer { server.stop() }
        for script in [["wait_ready.py"], ["openai_client.py", "--embedder", Self.model]] {
            let result = try CommandResult.of(
                "python3",
                [ServedTests.folder.appending(path: "clients/\(script[0])").path]
                    + ["--base-url", "http://127.0.0.1:\(server.port)/v1", "--model", chat] + script.dropFirst())
            #expect(result.status == 0, "\(script):\n\(result.output)\n\(server.logText)")
        }
    }
}
