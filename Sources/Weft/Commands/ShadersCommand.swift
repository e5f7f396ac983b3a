import ArgumentParser

struct ShadersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shaders", abstract: "Check the kernels.", subcommands: [ShadersTestCommand.self])
}
