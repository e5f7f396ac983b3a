import ArgumentParser

/// `weft simulate`: a plan, or the paper's cluster, on modelled devices.
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Serve a workload on modelled devices.",
        subcommands: [SimulatePlanCommand.self, SimulatePaperCommand.self],
        defaultSubcommand: SimulatePlanCommand.self)
}
