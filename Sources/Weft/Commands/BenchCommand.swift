import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure speed.",
        subcommands: [
            BenchKernelsCommand.self, BenchModelCommand.self, BenchServeCommand.self, BenchCompareCommand.self,
        ])
}
