import ArgumentParser

struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "Make model files.", subcommands: [GenerateModelCommand.self])
}
