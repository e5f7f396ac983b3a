import ArgumentParser
import Engine
import Foundation
import GGUF
import Hub
import Logging
import Server

/// `weft run`: a chat in the terminal.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Chat with a model in the terminal.",
        discussion: """
            Opens the model itself, or with --url talks to a running server. With a prompt, or where standard input is no \
            terminal, it answers one question and ends. What the model thinks is dim on a terminal, and left out elsewhere.
            """)

    @Argument(help: "The model: a GGUF file, or the name of one in the folder of models; with --url, its name there.")
    var model: String

    @Argument(help: "One question. Without it, a conversation.")
    var prompt: String?

    @Option(help: "What the model is to mind.")
    var system = ""

    @Option(help: "0 draws the likeliest token each time; up to 2.")
    var temperature = 0.8

    @Option(help: "Draws among the likeliest tokens that have this probability together.")
    var topP = 0.95

    @Option(help: "The most tokens of an answer.")
    var maxTokens: Int?

    @Option(help: "The same seed gives the same answers.")
    var seed: Int64?

    @Option(
        help: "Tokens of the conversation that the model keeps; by default what the file says, as far as memory goes.")
    var context: Int?

    @OptionGroup var device: DeviceOption

    @Option(help: "A running server.")
    var url: String?

    @Option(help: "The server's key; by default $WEFT_API_KEY.")
    var apiKey: String?

    func validate() throws {
        guard 0...2 ~= temperature else { throw ValidationError("--temperature must be between 0 and 2") }
        guard topP > 0, topP <= 1 else { throw ValidationError("--top-p must be above 0, and at most 1") }
        guard (maxTokens ?? 1) > 0 else { throw ValidationError("--max-tokens must be at least 1") }
        guard (context ?? 1) > 0 else { throw ValidationError("--context must be at least 1") }
        if url != nil, device.device != nil || context != nil {
            throw ValidationError("--device and --context are the server's affair, where there is a --url")
        }
    }

    func run() async throws {
        let options = DirectChat.Options(temperature: temperature, topP: topP, maxTokens: maxTokens, seed: seed)
        if let url {
            try await RemoteServer.with(url, apiKey: apiKey, model: model) { server in
                try await chat(with: server, options)
            }
            return
        }
        try await chat(with: try await localModel(), options)
        // As `weft serve`: what drivers have at work does not survive the destructors of their libraries.
        _exit(EXIT_SUCCESS)
    }

    private func chat(with partner: any ChatPartner, _ options: DirectChat.Options) async throws {
        var terminal = ChatTerminal(partner, options, system: system)
        if let prompt { return try await terminal.answer(prompt) }
        guard isatty(STDIN_FILENO) == 0 else { return await terminal.converse() }
        let question = String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
        guard question.contains(where: { !$0.isWhitespace }) else {
            throw CommandError("standard input has no question")
        }
        try await terminal.answer(question)
    }

    private func localModel() async throws -> DirectChat {
        let path = URL(filePath: try file()).path
        var configuration = ModelConfiguration(name: PartName.model(at: path), path: path)
        configuration.context = context
        // One person has the whole device.
        configuration.shares = [10, 10]
        var unit = UnitConfiguration(models: [configuration])
        unit.devices = device.device.map { [$0] } ?? []
        var logger = Logger(label: "weft") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        let fleet = Fleet(
            ServeConfiguration(units: [unit]), modelFolder: Folders.models, weightCache: Folders.weights, logger: logger
        ) { unit in try OpenMesh(unit.devices).mesh }
        let progress = Progress("loading")
        try await fleet.load { _, _, share in progress.show(share) }
        return DirectChat(fleet, model: configuration.name)
    }

    private func file() throws -> String {
        do { return try Folders.model(model) } catch {
            guard (try? ModelReference(model)) != nil else { throw error }
            throw CommandError("'\(model)' is not in \(Folders.models); fetch it with: weft pull \(model)")
        }
    }
}
