import ArgumentParser
import ConfigurationFiles
import Foundation
import MuxServeReference
import Placement
import Quantities
import Reporting

/// `weft plan`: from workload, cluster and costs to the plan that `weft serve` starts.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Place models on a cluster.",
        discussion: """
            Writes the plan as YAML to --output, or to standard output, and explains it on standard error. With --json \
            standard output gets the plan and how it was found as JSON.
            """)

    @Argument(help: "The models and their rates: YAML as MuxServe's placement reads it.")
    var workload: String

    @Option(help: "NODESxDEVICES, NODESxDEVICESxGB or a YAML file; overrides the workload's.")
    var cluster: String?

    @Option(help: "The cost file: MuxServe's JSON, or CSV.")
    var costs: String

    @Option(help: "What to maximise: \(ObjectiveName.allCases.map(\.rawValue).joined(separator: ", ")).")
    var objective = ObjectiveName.throughput

    @Option(help: "With --objective attainment: the multiple of the unloaded latency that counts.")
    var scale = 8.0

    @Option(help: "The most replicas of a model.")
    var replicas = 1

    @Option(help: "Seconds of search at most.")
    var time = 60.0

    @Option(help: "A running plan to change with the cheapest moves, instead of planning anew.")
    var from: String?

    @Flag(help: "With --from: move models between the meshes there are, and cut none anew.")
    var keepMeshes = false

    @Option(help: "With --from: a node that is lost. Its models go to the others; may be given several times.")
    var withoutNode: [Int] = []

    @Option(help: "Where to write the plan.")
    var output: String?

    @Option(help: "A folder for MuxServe's mesh YAML, a file for each unit.")
    var meshes: String?

    @Flag(help: "Print JSON.")
    var json = false

    private struct Output: Encodable {
        var plan: Plan
        var objective: String
        var score: Double
        var estimatedThroughput: Double
        var seconds: Double
        var moves: [PlanMove]?
        /// Models for which the nodes left have no room.
        var missing: [String]?
    }

    func validate() throws {
        if !(scale > 0 && time > 0) { throw ValidationError("--scale and --time must be positive") }
        if replicas < 1 { throw ValidationError("--replicas must be at least 1") }
        if !withoutNode.isEmpty, from == nil { throw ValidationError("--without-node is for --from") }
    }

    func run() throws {
        let (cluster, demands) = try PlanningInputs.workload(workload, cluster: cluster)
        let table = try PlanningInputs.costs(costs)
        do {
            switch objective {
            case .reference:
                try plan(demands, cluster) { try ReferenceObjective(demands: $0, costs: table, cluster: cluster) }
            case .throughput:
                let costs = CostModel(table)
                try plan(demands, cluster) { try ThroughputObjective(demands: $0, costs: costs, cluster: cluster) }
            case .attainment:
                let costs = CostModel(table)
                let scale = scale
                try plan(demands, cluster) {
                    try AttainmentObjective(demands: $0, costs: costs, cluster: cluster, scale: scale)
                }
            }
        } catch let error as CostError {
            throw FileError(error, costs: costs, yaml: try PlanningInputs.text(workload), file: workload)
        } catch let error as PlacementError {
            throw FileError(error, yaml: try PlanningInputs.text(workload), file: workload)
        } catch let error as ReplanningError {
            let path = from ?? ""
            throw FileError("\(error)", unit: error.unit, plan: try PlanningInputs.text(path), file: path)
        }
    }

    private func plan<Objective: UnitObjective>(
        _ demands: [ModelDemand], _ cluster: Cluster,
        by makeObjective: @escaping @Sendable ([ModelDemand]) throws -> Objective
    ) throws {
        let start = Date()
        let plan: Plan
        let score: Double
        var made: [PlanMove]?
        var missing: [String]?
        if let from {
            if let node = withoutNode.first(where: { !cluster.nodes.indices.contains($0) }) {
                throw ValidationError("--without-node \(node): the cluster has nodes 0 to \(cluster.nodes.count - 1)")
            }
            var replanning = try Replanning(
                PlanningInputs.plan(from), for: makeObjective(demands), on: cluster, without: Set(withoutNode))
            let (changed, moves) = try replanning.run(mayRecut: !keepMeshes, mayLeaveOut: !withoutNode.isEmpty)
            explain(moves.isEmpty ? "no move is worth its cost\n" : moves.map { "\($0)\n" }.joined())
            explain(replanning.missing.map { "there is no room for \($0)\n" }.joined())
            (plan, score, made, missing) = (changed, replanning.score, moves, replanning.missing)
        } else {
            let end = start.addingTimeInterval(time)
            let planner = Planner(on: cluster, makeObjective: makeObjective)
            let result = try planner.plan(demands, maxReplicas: replicas) { Date() > end }
            (plan, score) = (result.plan, result.assignment.score)
        }
        let seconds = Date().timeIntervalSince(start)
        explain(PlanExplanation(plan, objective, score: score, seconds: seconds).text)
        if let meshes { try write(plan, demands, to: meshes) }
        if let output { try PlanningInputs.write(plan.yaml, to: output) }
        if json {
            let output = Output(
                plan: plan, objective: objective.rawValue, score: score, estimatedThroughput: plan.estimatedThroughput,
                seconds: seconds, moves: made, missing: missing)
            print(try output.prettyJSON())
        } else if output == nil {
            print(plan.yaml, terminator: "")
        }
    }

    private func write(_ plan: Plan, _ demands: [ModelDemand], to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for unit in plan.units {
            let weights = unit.models.compactMap { model in demands.first { $0.name == model.name } }
                .reduce(0) { $0 + $1.profile.weightBytes }
            let file = MeshFile(unit, weightsGB: weights / 1e9)
            try PlanningInputs.write(file.yaml, to: "\(folder)/\(unit.name).yaml")
        }
    }

    private func explain(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

/// What `weft plan` maximises.
enum ObjectiveName: String, ExpressibleByArgument, CaseIterable {
    /// The rate-weighted mean of requests per second, up to the arrival rates.
    case throughput
    /// Requests per second within a multiple of their unloaded latency.
    case attainment
    /// The objective of MuxServe's published optimiser.
    case reference
}
