import ArgumentParser
import Foundation
import Placement
import Reporting
import Scheduling
import Simulation
import Workloads

/// `weft simulate PLAN`: what a plan would serve.
struct SimulatePlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "plan", abstract: "Simulate a plan.")

    @Argument(help: "The plan, as `weft plan` writes it.")
    var plan: String

    @OptionGroup var options: WorkloadOptions

    @Option(help: "The policy: \(PolicyName.allCases.map(\.rawValue).joined(separator: ", ")).")
    var policy = PolicyName.adbs

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    @Option(help: "Where to write figures as HTML.")
    var html: String?

    func run() throws {
        let start = ContinuousClock.now
        let served = try ServedPlan(plan, policy, options)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let summary = "simulated \(served.report.overall.requests) requests in \(String(format: "%.2f", seconds)) s\n"
        FileHandle.standardError.write(Data(summary.utf8))
        if let html {
            let page = ServiceComparison([(served.name, served.report)]).page(title: "Simulated service")
            try PlanningInputs.write(page.html, to: html)
        }
        if json {
            print(try served.report.prettyJSON())
        } else {
            print(TextTable(served.report).text, terminator: "")
        }
    }
}
