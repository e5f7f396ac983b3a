import ArgumentParser

/// `weft simulate`: a plan, a configuration, or the paper's cluster, on modelled devices.
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Serve a workload on modelled devices.",
        subcommands: [SimulatePlanCommand.self, SimulateServeCommand.self, SimulatePaperCommand.self],
        defaultSubcommand: SimulatePlanCommand.self)
}
