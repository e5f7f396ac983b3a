import Compute
import ComputeOpenCL
import ComputeVulkan
import Engine
import Foundation
import GGUF
import Logging
import Quantities
import Testing

/// Two models in one pool: what runs beside a sequence must not change its tokens, and all pages come back.
@Suite(.serialized)
struct TogetherTests {
    static let prompts: [[Int32]] = [
        [504, 3575, 282, 4649, 314], [504, 260, 338], [1, 4093, 198, 2683], [2683, 2020, 42, 216],
        [504, 3575, 282, 4649, 314, 7042, 30, 198, 198, 504], [34, 32, 33, 40], [9, 10, 11, 12, 13, 14, 15], [77],
    ]

    /// Prefill and decode have a share each, so that passes of both models run at the same time.
    @Test(arguments: ["vulkan:llvmpipe", "opencl:pthread"])
    func sixteenStreamsGiveTheirOwnTokens(_ selector: String) async throws {
        let models = ["smollm2-135m-q4_1", "smollm2-135m-q8_0"].map { ModelConfiguration(name: $0, path: "\($0).gguf") }
        try await expectOwnTokens(of: models, after: Self.prompts, on: selector)
    }

    /// Models of another head size, number of layers and KV type put other numbers of tokens into pages of the pool.
    @Test(arguments: ["vulkan:llvmpipe", "opencl:pthread"])
    func modelsOfAllShapesShareThePool(_ selector: String) async throws {
        var random = TinyLlama()
        random.layers = 6
        random.heads = 4
        random.keyValueHeads = 2
        random.headSize = 80
        let path = NSTemporaryDirectory() + "weft-together-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try random.write(to: path)
        var real = ModelConfiguration(name: "real", path: "smollm2-135m-q4_1.gguf")
        real.kvType = .q8_0
        var other = ModelConfiguration(name: "random", path: path)
        other.kvType = .f16
        // The random model knows few tokens.
        let prompts = Self.prompts.map { $0.map { $0 % 256 } }
        try await expectOwnTokens(of: [real, other], after: prompts, on: selector)
    }

    /// All prompts of all models at once give the tokens that each gives alone.
    private func expectOwnTokens(
        of models: [ModelConfiguration], after prompts: [[Int32]], on selector: String
    ) async throws {
        let instance = try VulkanInstance(validates: true)
        let cache = NSTemporaryDirectory() + "weft-conformance"
        let device: any Device =
            selector.hasPrefix("opencl")
            ? try OpenCLDevice(DeviceSelector(selector), in: OpenCLPlatforms(), cacheDirectory: cache)
            : try VulkanDevice(DeviceSelector(selector), in: instance, cacheDirectory: cache)
        var configuration = UnitConfiguration(models: models)
        for index in models.indices { configuration.models[index].chunk = 6 }
        configuration.poolMegabytes = 256
        let engine = Fleet(
            ServeConfiguration(units: [configuration]), modelFolder: TestModels.folder, logger: Logger(label: "test")
        ) { _ in Mesh(device) }
        try await engine.load()

        let work = models.flatMap { model in prompts.map { (model.name, $0) } }
        var alone: [[Int32]] = []
        for (model, prompt) in work { alone.append(try await engine.tokens(of: model, after: prompt)) }
        let together = try await withThrowingTaskGroup(of: (Int, [Int32]).self) { group in
            for (index, (model, prompt)) in work.enumerated() {
                group.addTask { (index, try await engine.tokens(of: model, after: prompt)) }
            }
            return try await group.reduce(into: [[Int32]](repeating: [], count: work.count)) { $0[$1.0] = $1.1 }
        }
        #expect(together == alone)
        #expect(alone.allSatisfy { !$0.isEmpty })
        #expect(await engine.pageUse.held == 0)
        #expect(instance.validationMessages == [])
    }
}

extension Fleet {
    /// Sixteen greedy tokens.
    fileprivate func tokens(of model: String, after prompt: [Int32]) async throws -> [Int32] {
        var request = GenerationRequest(model: model, prompt: prompt)
        request.maxTokens = 16
        var tokens: [Int32] = []
        for try await case .token(let token) in try await generate(request) { tokens.append(token.id) }
        return tokens
    }
}
