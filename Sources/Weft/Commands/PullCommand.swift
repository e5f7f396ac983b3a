import ArgumentParser
import Foundation
import Hub
import Synchronization

/// `weft pull`: fetches a model from a hub into the folder of models.
struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Fetch a model from Hugging Face, or a server like it.",
        discussion: """
            Without a quantisation Q4_K_M is taken, then Q8_0, then the only one there is. What breaks off goes on with \
            the same command. A file appears under its name when it is complete and its SHA-256 is right.
            """)

    @Argument(help: "The repository: OWNER/NAME, or OWNER/NAME:QUANTISATION.")
    var repository: String

    @Option(help: "A GGUF file of the repository, where its name does not say what it is.")
    var file: String?

    @Option(help: "The server; by default $HF_ENDPOINT, else https://huggingface.co.")
    var url: String?

    @Option(help: "A branch, a tag or a commit.")
    var revision = "main"

    @Option(help: "Sent to the server as a bearer token; by default $HF_TOKEN.")
    var token: String?

    @Flag(help: "Print JSON: name, repository, revision, quantisation, files.")
    var json = false

    static let hub = "https://huggingface.co"

    func run() async throws {
        func variable(_ name: String) -> String? {
            ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        let puller = Puller(
            base: url ?? variable("HF_ENDPOINT") ?? Self.hub, token: token ?? variable("HF_TOKEN"),
            folder: Folders.models)
        let line = TransferLine()
        defer { line.end() }
        let pulled = try await puller.pull(ModelReference(repository), revision: revision, file: file) {
            line.show($0)
        }
        line.end()
        guard !json else { return print(try pulled.prettyJSON()) }
        for file in pulled.files where !file.isVerified {
            print("\(file.path) could not be checked: the server does not say what its SHA-256 is")
        }
        let bytes = pulled.files.reduce(0) { $0 + $1.bytes }
        let isNew = pulled.files.contains { !$0.wasThere }
        print("\(isNew ? "fetched" : "there already:") \(pulled.name), \(ShowModelCommand.bytes(bytes))")
        print("try it: weft run \(pulled.name)")
    }
}

/// Says on standard error how far a transfer is: a line that moves on a terminal, elsewhere a line every few seconds.
private final class TransferLine: Sendable {
    private struct State {
        var began: (time: ContinuousClock.Instant, held: Int)?
        var shown: ContinuousClock.Instant?
        var isOpen = false
    }

    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let state = Mutex(State())
    /// Chosen: fluent to the eye, and few lines in a log.
    private var interval: Duration { isTerminal ? .milliseconds(200) : .seconds(5) }

    func show(_ progress: Puller.Progress) {
        let now = ContinuousClock.now
        let text: String? = state.withLock { state in
            // What came in earlier attempts was not fetched now.
            let began = state.began ?? (now, progress.held)
            state.began = began
            let isDue = state.shown.map { now - $0 >= interval } ?? true
            guard isDue || progress.trouble != nil else { return nil }
            state.shown = now
            state.isOpen = isTerminal
            return Self.line(
                progress, Double(progress.held - began.held) / max((now - began.time) / .seconds(1), 0.001))
        }
        guard let text else { return }
        write(isTerminal ? "\r\u{1b}[K\(text)" : text + "\n")
    }

    /// Leaves the last line as it is.
    func end() {
        let wasOpen = state.withLock { state in
            defer { state.isOpen = false }
            return state.isOpen
        }
        if wasOpen { write("\n") }
    }

    private static func line(_ progress: Puller.Progress, _ bytesPerSecond: Double) -> String {
        var line = "\(progress.file): \(ShowModelCommand.bytes(progress.held))"
        if let total = progress.total, total > 0 {
            line += " of \(ShowModelCommand.bytes(total)), \(100 * progress.held / total) %"
            let seconds = Double(total - progress.held) / bytesPerSecond
            if bytesPerSecond > 0, seconds < 1e6 {
                line += ", \(ShowModelCommand.bytes(Int(bytesPerSecond)))/s, \(Int(seconds)) s left"
            }
        }
        if let trouble = progress.trouble { line += "; \(trouble), trying again" }
        return line
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
