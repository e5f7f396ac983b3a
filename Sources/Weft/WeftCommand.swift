import ArgumentParser

@main
struct WeftCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weft",
        abstract: "Serves many language models on one GPU of any vendor.",
        discussion: """
            Devices are named `vulkan`, `vulkan:0` or `vulkan:llvmpipe` (a part of the name); `weft devices` lists them.
            Models are GGUF files, named by path or by the name of a file in the folder of models \
            ($WEFT_CACHE/models, by default ~/.cache/weft/models).
            """,
        version: weftVersion,
        subcommands: [
            ServeCommand.self, RouteCommand.self, ClusterCommand.self, GenerateCommand.self, LogitsCommand.self,
            DevicesCommand.self, ConvertCommand.self,
            ModelsCommand.self, ListModelsCommand.self, ShowModelCommand.self, RemoveModelsCommand.self,
            PullCommand.self, RunCommand.self, PsCommand.self, KeysCommand.self, ConfigCommand.self,
            BenchCommand.self, ShadersCommand.self, ProfileCommand.self, TuneCommand.self, PlanCommand.self,
            SimulateCommand.self,
            CompareCommand.self,
        ])
}

let weftVersion = "0.1.0"

private struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "Look into model files, and make some.",
        subcommands: [ShowModelCommand.self, GenerateModelCommand.self])
}

private struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure speed.",
        subcommands: [
            BenchKernelsCommand.self, BenchModelCommand.self, BenchMeshCommand.self, BenchServeCommand.self,
            BenchJoinCommand.self, BenchCompareCommand.self,
        ])
}

private struct ShadersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shaders", abstract: "Check the kernels.",
        subcommands: [ShadersTestCommand.self, ShadersInspectCommand.self])
}

/// `weft simulate`: a plan, a configuration, or the paper's cluster, on modelled devices.
private struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Serve a workload on modelled devices.",
        subcommands: [
            SimulatePlanCommand.self, SimulateServeCommand.self, SimulateDriftCommand.self, SimulatePaperCommand.self,
        ],
        defaultSubcommand: SimulatePlanCommand.self)
}
