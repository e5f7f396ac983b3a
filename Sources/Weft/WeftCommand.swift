import ArgumentParser

@main
struct WeftCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weft",
        abstract: "Serves many language models on one GPU of any vendor.",
        discussion: """
            Devices are named `vulkan`, `vulkan:0` or `vulkan:llvmpipe` (a part of the name); `weft devices` lists them.
            Models are GGUF files of the Llama architecture, named by path or by the name of a file in the folder of models \
            ($WEFT_CACHE/models, by default ~/.cache/weft/models).
            """,
        version: weftVersion,
        subcommands: [
            ServeCommand.self, GenerateCommand.self, DevicesCommand.self, ConvertCommand.self, ModelsCommand.self,
            BenchCommand.self, ShadersCommand.self, ProfileCommand.self, PlanCommand.self, SimulateCommand.self,
            CompareCommand.self,
        ])
}

let weftVersion = "0.1.0"
