import ArgumentParser
import Placement
import Reporting
import Scheduling
import Simulation

/// `weft compare`: several plans and policies side by side.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Simulate several plans and policies on one workload.")

    @Argument(help: "The plans, as `weft plan` writes them.")
    var plans: [String]

    @OptionGroup var options: WorkloadOptions

    @Option(help: "The policies; each plan runs under each. All unless given.")
    var policy: [PolicyName] = []

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    @Option(help: "Where to write figures as HTML.")
    var html: String?

    func run() throws {
        let policies = policy.isEmpty ? PolicyName.allCases : policy
        let served = try plans.flatMap { plan in try policies.map { try ServedPlan(plan, $0, options) } }
        let comparison = ServiceComparison(served.map { ($0.name, $0.report) })
        if let html { try PlanningInputs.write(comparison.page(title: "Simulated service").html, to: html) }
        if json {
            print(try served.prettyJSON())
        } else {
            print(comparison.table("plan, policy").text, terminator: "")
        }
    }
}
