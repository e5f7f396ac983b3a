import KVCache
import Placement
import Quantities
import Scheduling
import Simulation
import Workloads

/// Units and requests that need no measured data.
enum Support {
    static let costs = CostModel(Roofline(peak: .a100).table(for: ModelProfile.llamas, memoryBytes: 80e9))

    static func unit(
        _ profiles: [ModelProfile], devices: Int, poolGB: Double = 20, chunksPrompts: Bool = true,
        device: (MeshKind) -> any DeviceModel = FittedMesh.measured
    ) throws -> SimulatedUnit {
        let models = try profiles.enumerated().map { index, profile in
            SimulatedModel(
                name: "m\(index)", profile: profile,
                settings: ModelSettings(
                    shape: try KVShape(layers: profile.layers, kvHeads: profile.kvHeads, headSize: profile.headSize),
                    weight: 1, shares: PhaseShares(prefill: Share(8), decode: Share(4)), chunksPrompts: chunksPrompts),
                cost: try costs.costs(of: profile.costName, devices: devices)
                    ?? { throw SimulationError.unknownModel("") }())
        }
        return SimulatedUnit(
            device: device(MeshKind(devices: devices)), pages: Int(poolGB * 1e9) / PageLayout.defaultPageBytes,
            models: models)
    }

    /// Jobs take what was measured of them alone.
    static func ideal(_ mesh: MeshKind) -> any DeviceModel { FittedMesh(mesh, host: .none, contention: .none) }

    static func requests(_ models: Int, rate: Double, duration: Double, seed: UInt64) throws -> [Request] {
        try Workload(
            models: (0..<models).map {
                WorkloadModel(
                    name: "m\($0)", rate: rate / Double($0 + 1), prompts: .exponential(mean: 160, limits: 4...1024),
                    outputs: .exponential(mean: 120, limits: 4...1000))
            }, duration: duration
        ).requests(seed: seed)
    }
}
