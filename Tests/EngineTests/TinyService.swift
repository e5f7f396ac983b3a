import CUDADouble
import Compute
import ComputeCUDA
import ComputeOpenCL
import ComputeVulkan
import Engine
import Foundation
import GGUF
import Logging
import Testing

/// A fleet of one unit with generated models, on lavapipe unless said otherwise.
struct TinyService {
    let fleet: Fleet
    let instance: VulkanInstance
    let folder: String
    /// What the fleet was made of.
    let configuration: ServeConfiguration

    static let vocabulary = 288

    /// - Parameters:
    ///   - models: each model's name and head size.
    ///   - ranks: devices of the unit's mesh, which are equal parts of the device.
    ///   - cuda: the driver of `cuda`, which is opened anew whenever the unit opens its device.
    init(
        models: [(name: String, headSize: Int)] = [("a", 32), ("b", 64)], poolMegabytes: Int = 8,
        device selector: String = "vulkan:llvmpipe", ranks: Int = 1, cuda: CUDADouble? = nil,
        change: (inout UnitConfiguration) -> Void = { _ in },
        opening wrap: @escaping @Sendable (any Device) throws -> any Device = { $0 }
    ) async throws {
        folder = NSTemporaryDirectory() + "weft-tiny-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var configurations: [ModelConfiguration] = []
        for (index, (name, headSize)) in models.enumerated() {
            var tiny = TinyLlama()
            tiny.headSize = headSize
            tiny.seed = UInt64(index + 1)
            try tiny.write(to: "\(folder)/\(name).gguf")
            var model = ModelConfiguration(name: name, path: "\(name).gguf")
            model.chunk = 32
            configurations.append(model)
        }
        var configuration = UnitConfiguration(models: configurations)
        configuration.poolMegabytes = poolMegabytes
        change(&configuration)
        self.configuration = ServeConfiguration(units: [configuration])
        instance = try VulkanInstance(validates: true)
        let cache = NSTemporaryDirectory() + "weft-engine-kernels"
        let device: any Device =
            selector.hasPrefix("opencl")
            ? try OpenCLDevice(DeviceSelector(selector), in: OpenCLPlatforms(), cacheDirectory: cache)
            : try VulkanDevice(DeviceSelector(selector), in: instance, cacheDirectory: cache)
        fleet = Fleet(self.configuration, modelFolder: folder, logger: Logger(label: "test")) { _ in
            guard let cuda else { return Mesh(try Mesh.parts(of: device, count: ranks).map(wrap)) }
            return Mesh(
                try wrap(
                    CUDADevice(DeviceSelector("cuda"), in: cuda.platform(), cacheDirectory: CUDADouble.kernels)))
        }
        try await fleet.load()
    }

    func path(of model: String) -> String { "\(folder)/\(model).gguf" }

    /// One more model file, and the configuration to load it with.
    func write(_ name: String, headSize: Int, seed: UInt64) throws -> ModelConfiguration {
        var tiny = TinyLlama()
        tiny.headSize = headSize
        tiny.seed = seed
        return try write(name, tiny)
    }

    func write(_ name: String, _ model: TinyLlama) throws -> ModelConfiguration {
        try model.write(to: "\(folder)/\(name).gguf")
        return ModelConfiguration(name: name, path: "\(name).gguf")
    }

    /// Gives a block of a Q4_0 file a scale whose minimum no half can hold: the last matrix's last, before a norm of
    /// 64.
    func damage(_ name: String) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: "\(folder)/\(name).gguf"))
        try file.seek(toOffset: file.seekToEnd() - 64 * 4 - 18)
        try file.write(contentsOf: Data([0xff, 0x7b]))  // 65504
        try file.close()
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(folder)/\(name).gguf") }

    /// How the unit stands.
    var status: UnitStatus? { get async { await fleet.status?.units.first } }

    func tokens(of model: String, after prompt: [Int32], count: Int) async throws -> [Int32] {
        var request = GenerationRequest(model: model, prompt: prompt)
        request.maxTokens = count
        request.ignoresEndOfText = true
        var tokens: [Int32] = []
        for try await case .token(let token) in try await fleet.generate(request) { tokens.append(token.id) }
        return tokens
    }

    /// What becomes of a text that a model reads.
    func vector(of model: String, _ prompt: [Int32]) async throws -> [Float] {
        try await fleet.embed(EmbeddingRequest(model: model, prompt: prompt)).vector
    }

    /// Waits until no sequence holds a page; fails after some seconds.
    func expectEmptyPool() async throws {
        for _ in 0..<200 {
            if await fleet.pageUse.held == 0 { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(await fleet.pageUse.held == 0)
        #expect(instance.validationMessages == [])
        try FileManager.default.removeItem(atPath: folder)
    }
}
