import ArgumentParser
import Benchmarks
import ConfigurationFiles
import Foundation
import Placement
import Workloads

/// What planning and simulating read.
enum PlanningInputs {
    /// A cost file: MuxServe's JSON, or CSV by its ending.
    static func costs(_ path: String) throws -> CostTable {
        let text = try text(path)
        return try path.hasSuffix(".csv") ? CostTable(csv: text, file: path) : CostTable(json: text, file: path)
    }

    /// A workload and its cluster; `cluster` overrides the one in the file.
    static func workload(_ path: String, cluster: String?) throws -> (cluster: Cluster, demands: [ModelDemand]) {
        let input = try PlacementInput(yaml: text(path), file: path)
        guard let found = try cluster.map(self.cluster) ?? input.cluster else {
            throw FileError(file: path, field: "cluster", reason: "is missing; give it here or with --cluster")
        }
        return (found, input.demands)
    }

    static func plan(_ path: String) throws -> Plan { try Plan(yaml: text(path), file: path) }

    /// Recorded requests for some of the models.
    static func trace(_ path: String, of models: [String]) throws -> [Request] {
        try Trace.read(text(path), file: path, models: models)
    }

    /// A report of `weft bench serve`.
    static func report(_ path: String) throws -> SavedReport { try SavedReport(json: text(path), file: path) }

    static func text(_ path: String) throws -> String {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw ValidationError("\(path): cannot be read: \(error.localizedDescription)")
        }
        guard let text = String(data: data, encoding: .utf8) else { throw ValidationError("\(path): is not UTF-8") }
        return text
    }

    static func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw ValidationError("\(path): cannot be written: \(error.localizedDescription)")
        }
    }

    /// `NODESxDEVICES`, optionally with the memory of a device in GB as in `4x8x80`, or the path of a YAML file.
    static func cluster(_ text: String) throws -> Cluster {
        if text.hasSuffix(".yaml") || text.hasSuffix(".yml") { return try Cluster(yaml: self.text(text), file: text) }
        let parts = text.split(separator: "x", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Double($0) }
        guard numbers.count == parts.count, (2...3).contains(parts.count), numbers.allSatisfy({ $0 > 0 }),
            let nodes = Int(parts[0]), let devices = Int(parts[1]), nodes <= 10_000, devices <= 1024
        else {
            throw ValidationError("--cluster '\(text)': expected NODESxDEVICES, as in 4x8, or NODESxDEVICESxGB")
        }
        let memory = numbers.count == 3 ? numbers[2] * 1e9 : 80e9
        return Cluster(nodes: nodes, devicesPerNode: devices, memoryBytes: memory)
    }
}
