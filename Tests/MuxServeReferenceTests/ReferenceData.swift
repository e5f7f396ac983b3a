import Foundation
import MuxServeReference
import Placement

/// The measured costs and runs and the workload of the specification, which are not part of this package.
enum ReferenceData {
    private static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["WEFT_REFERENCE"] { return URL(filePath: path) }
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return package.deletingLastPathComponent().appending(path: "shared/reference")
    }()

    static let measured: (costs: CostTable, runs: [PaperRun])? = {
        func text(_ name: String) -> String? {
            try? String(contentsOf: folder.appending(path: name), encoding: .utf8)
        }
        guard let costs = text("a100-llama-costs.csv"), let runs = text("a100-runs-per-llm.csv") else {
            print("SKIPPED: no a100-*.csv in WEFT_REFERENCE or beside the package")
            return nil
        }
        do {
            return (try CostTable(csv: costs, file: "costs.csv"), try PaperRun.read(csv: runs, file: "runs.csv"))
        } catch { fatalError("\(error)") }
    }()

    static var isPresent: Bool { measured != nil }

    /// The 16 models of the paper's real workload, `factor` times the rates at condense 500.
    static func demands(times factor: Double) -> [ModelDemand] {
        let counts: [(ModelProfile, Double)] = [
            (.llama13B, 8.137), (.llama13B, 1.169), (.llama13B, 7.083), (.llama7B, 8.148), (.llama13B, 1.100),
            (.llama13B, 1.852), (.llama7B, 0.984), (.llama30B, 2.049), (.llama30B, 0.764), (.llama65B, 0.799),
            (.llama30B, 6.181), (.llama13B, 1.898), (.llama7B, 1.956), (.llama65B, 0.880), (.llama7B, 3.160),
            (.llama65B, 1.354),
        ]
        return counts.enumerated().map { index, entry in
            // Rates are (requests + 1) / 43,200 s times the condensation: this undoes their rounding.
            let requests = (entry.1 / 500 * 43_200).rounded()
            return ModelDemand(
                name: "llm-\(index + 1)", profile: entry.0, rate: requests / 43_200 * 500 * factor)
        }
    }
}
