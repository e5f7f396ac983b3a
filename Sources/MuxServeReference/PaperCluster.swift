import Foundation
import KVCache
package import Placement
import Quantities
import Scheduling
import Simulation
package import Workloads

/// The paper's cluster: 32 A100-80GB, on which 19 LLaMA models are served by MuxServe, temporally or spatially.
package struct PaperCluster: Sendable {
    private static let memoryGB = 80.0
    private static let horizon: Seconds = 1000

    private let table: CostTable
    private let costs: CostModel
    private let constants: PaperConstants
    private let temporalScheduler: ReferenceScheduler?

    /// - Parameter temporalScheduler: The scheduler of all temporal runs: `fcfs`, as the paper says of them. With `nil`
    ///   each has the one that its measured figures betray, see `PaperRun.scheduler`.
    package init(
        costs table: CostTable, constants: PaperConstants = .fitted, temporalScheduler: ReferenceScheduler? = .fcfs
    ) {
        self.table = table
        self.temporalScheduler = temporalScheduler
        self.constants = constants
        costs = CostModel(table)
    }

    /// Simulates a run with its own rates, request counts and units.
    ///
    /// - Throws: `CostError`, `KVError`, `FileError` where the run cannot be simulated.
    package func simulate(_ run: PaperRun, seed: UInt64) throws -> PaperFigures {
        figures(of: try records(of: run, seed: seed), run)
    }

    /// What becomes of each request of a run.
    ///
    /// - Throws: As `simulate`.
    package func records(of run: PaperRun, seed: UInt64) throws -> [RequestRecord] {
        let shares = try shares(of: run)
        var records: [RequestRecord] = []
        for (_, models) in Dictionary(grouping: run.models, by: \.unit).sorted(by: { $0.key < $1.key }) {
            let arrivals = models.flatMap { requests(of: $0, run, seed: seed) }.sorted { $0.arrival < $1.arrival }
            var unit = try unit(of: models, run, shares)
            records += unit.run(arrivals)
        }
        return records
    }

    /// The shares that the paper's optimiser gives each model on its mesh.
    private func shares(of run: PaperRun) throws -> [String: PhaseShares] {
        guard run.strategy == .muxserve else {
            let whole = PhaseShares(prefill: .whole, decode: Share(9))
            return Dictionary(uniqueKeysWithValues: run.models.map { ($0.name, whole) })
        }
        let demands = try run.models.map { model in
            ModelDemand(name: model.name, profile: try profile(model), rate: run.rate(model))
        }
        let objective = try ReferenceObjective(
            demands: demands, costs: table, cluster: Cluster(nodes: 4, devicesPerNode: 8))
        var shares: [String: PhaseShares] = [:]
        for (index, model) in run.models.enumerated() {
            let decode = objective.candidate(index, on: MeshKind(devices: model.devices))?.decodeShare ?? Share(9)
            let prefill = ReferenceObjective.prefillShare(demands[index])
            shares[model.name] = PhaseShares(prefill: max(prefill, decode), decode: min(prefill, decode))
        }
        return shares
    }

    private func unit(
        of models: [PaperRun.Model], _ run: PaperRun, _ shares: [String: PhaseShares]
    ) throws -> ReferenceUnit {
        let devices = models[0].devices
        let scheduler = temporalScheduler.flatMap { run.strategy == .temporal ? $0 : nil } ?? run.scheduler
        var poolGB = Self.memoryGB * Double(devices)
        var simulated: [SimulatedModel] = []
        for model in models {
            let profile = try profile(model)
            guard let cost = try costs.costs(of: model.costName, devices: devices) else {
                throw CostError(unknownModel: "\(model.costName) on \(devices) devices", known: table.models)
            }
            poolGB -= profile.weightBytes / 1e9 + constants.activationGB * Double(devices)
            simulated.append(
                SimulatedModel(
                    name: model.name, profile: profile,
                    settings: ModelSettings(
                        shape: try KVShape(layers: profile.layers, kvHeads: profile.kvHeads, headSize: 128),
                        weight: run.rate(model),
                        shares: shares[model.name] ?? PhaseShares(prefill: .whole, decode: Share(9)),
                        chunksPrompts: false),
                    cost: cost))
        }
        if run.strategy == .spatial { poolGB = constants.spatialPoolPart * Self.memoryGB * Double(devices) }
        let pages = Int(max(poolGB, 1) * 1e9) / PageLayout.defaultPageBytes
        let demand = simulated.reduce(0) { $0 + $1.settings.weight * Double($1.settings.shape.pagesPerBlock) }
        let limited = simulated.map { model in
            let perBlock = model.settings.shape.pagesPerBlock
            let quota = Int(model.settings.weight * Double(perBlock) / demand * Double(pages))
            let limit = max(1, quota / perBlock / ReferenceModel.assumedBlocks)
            return ReferenceModel(
                model, quota: quota, limit: scheduler == .fcfs ? ReferenceScheduler.sequenceLimit : limit)
        }
        return ReferenceUnit(
            limited, pages: pages, devices: devices, scheduler: scheduler, dividesDevice: run.strategy == .muxserve,
            constants: constants)
    }

    /// Poisson arrivals, as many as were measured; those that the run's horizon cut off end there.
    private func requests(of model: PaperRun.Model, _ run: PaperRun, seed: UInt64) -> [Request] {
        var random = SplitMix64(seed: seed, stream: model.rank)
        let rate = run.rate(model)
        let prompts = LengthDistribution.exponential(mean: constants.promptTokens, limits: 4...1024)
        let outputs = LengthDistribution.exponential(mean: constants.outputTokens, limits: 4...1536)
        var arrival = 0.0
        var requests: [Request] = []
        for _ in 0..<model.requests {
            arrival += random.exponential(mean: 1 / rate)
            requests.append(
                Request(
                    arrival: arrival, model: model.name, promptTokens: prompts.sample(using: &random),
                    outputTokens: outputs.sample(using: &random)))
        }
        guard arrival > Self.horizon else { return requests }
        for index in requests.indices { requests[index].arrival *= Self.horizon / arrival }
        return requests
    }

    private func figures(of records: [RequestRecord], _ run: PaperRun) -> PaperFigures {
        let byModel = Dictionary(grouping: records, by: \.model)
        var weighted = 0.0
        var latency = 0.0
        var within = Dictionary(uniqueKeysWithValues: PaperRun.scales.map { ($0, 0.0) })
        for model in run.models {
            let own = byModel[model.name] ?? []
            let last = own.compactMap(\.finish).max() ?? .infinity
            weighted += run.rate(model) * Double(own.count) / last
            let unloaded = UnloadedLatency(model.costName)
            for record in own {
                guard let time = record.latency else { continue }
                latency += time
                guard let base = unloaded?(promptTokens: record.promptTokens, outputTokens: record.outputTokens) else {
                    continue
                }
                for scale in PaperRun.scales where time <= scale * base { within[scale, default: 0] += 1 }
            }
        }
        let count = Double(records.count)
        return PaperFigures(
            weightedThroughput: weighted / run.models.reduce(0) { $0 + run.rate($1) }, meanLatency: latency / count,
            withinSLO: within.mapValues { 100 * $0 / count })
    }

    private func profile(_ model: PaperRun.Model) throws(CostError) -> ModelProfile {
        guard let profile = ModelProfile.llamas.first(where: { $0.costName == model.costName }) else {
            throw CostError(unknownModel: model.costName, known: ModelProfile.llamas.map(\.costName))
        }
        return profile
    }
}

/// The latency of a request alone, by which the measured runs count attainment.
///
/// Prompts between 32 and 511 tokens count as 32 ones: so does the script that made the measured figures.
private struct UnloadedLatency {
    private let decode: Double
    private let shortPrefill: Double
    private let longPrefill: Double

    /// `nil` for a model that is none of the four LLaMA sizes.
    init?(_ costName: String) {
        switch costName {
        case "llama-7b": (decode, shortPrefill, longPrefill) = (0.011386, 0.014082, 0.041027)
        case "llama-13b": (decode, shortPrefill, longPrefill) = (0.020010, 0.020882, 0.075775)
        case "llama-30b": (decode, shortPrefill, longPrefill) = (0.024530, 0.036543, 0.062819)
        case "llama-65b": (decode, shortPrefill, longPrefill) = (0.032056, 0.049544, 0.077788)
        default: return nil
        }
    }

    func callAsFunction(promptTokens: Int, outputTokens: Int) -> Double {
        let prefill = promptTokens < 512 ? shortPrefill : longPrefill * Double(promptTokens) / 512
        return prefill + Double(outputTokens) * decode
    }
}
