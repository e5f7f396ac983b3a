import Chat
import Foundation
import Server
import Synchronization
import UnixSignals

/// Who answers a chat: a model of this process, or a server.
protocol ChatPartner: Sendable {
    func answer(
        to messages: [ChatMessage], _ options: DirectChat.Options
    ) async throws -> AsyncThrowingStream<ChatDelta, any Error>
}

extension DirectChat: ChatPartner {}

/// A chat with a person, or of one question.
struct ChatTerminal {
    let partner: any ChatPartner
    let options: DirectChat.Options
    private var messages: [ChatMessage] = []
    private var system: String
    private let interrupts = Interrupts()
    private let isTerminal = isatty(STDOUT_FILENO) == 1

    init(_ partner: any ChatPartner, _ options: DirectChat.Options, system: String) {
        (self.partner, self.options, self.system) = (partner, options, system)
    }

    /// Answers one question, and says nothing else.
    mutating func answer(_ question: String) async throws {
        _ = try await say(question)
    }

    /// Goes on until the person leaves.
    mutating func converse() async {
        await interrupts.catchAll {
            Self.write("\n(/bye or Ctrl-D ends)\n>>> ")
        }
        Self.write("/help tells what can be typed\n")
        var input = ChatInputReader()
        while true {
            Self.write(input.isWithin ? "... " : ">>> ")
            guard let line = await Self.nextLine() else { return Self.write("\n") }
            switch input.take(line) {
            case nil: continue
            case .bye: return
            case .help: Self.write(Self.help)
            case .clear:
                messages = []
                Self.write("the conversation is forgotten\n")
            case .system(let text):
                system = text
                Self.write(text.isEmpty ? "no system message\n" : "the system message is set\n")
            case .unknown(let word): Self.write("there is no \(word); /help tells what there is\n")
            case .question(let text):
                do {
                    if try await say(text) { Self.write("(stopped)\n") }
                } catch {
                    messages.removeLast()
                    Self.write("\(error)\n")
                }
            }
        }
    }

    private static let help = """
        \"""            begins and ends a question of several lines
        /set system …  says what the model is to mind, from the next question on; with nothing behind it, nothing
        /clear         forgets the conversation
        /bye           ends; so does Ctrl-D. Ctrl-C stops an answer

        """

    /// Asks, and shows the answer as it comes.
    ///
    /// - Returns: whether the person stopped it.
    private mutating func say(_ question: String) async throws -> Bool {
        messages.append(ChatMessage(role: "user", content: question))
        let asked = (system.isEmpty ? [] : [ChatMessage(role: "system", content: system)]) + messages
        let (partner, options, isTerminal) = (partner, options, isTerminal)
        let work = Task {
            var shown = ShownAnswer(isTerminal: isTerminal)
            var output = ChatOutput()
            do {
                for try await delta in try await partner.answer(to: asked, options) {
                    output.append(delta)
                    Self.write(shown.text(of: delta))
                }
            } catch {
                Self.write(shown.end())
                throw error
            }
            Self.write(shown.end())
            return output
        }
        interrupts.current.withLock { $0 = work }
        defer { interrupts.current.withLock { $0 = nil } }
        do {
            let output = try await work.value
            messages.append(ChatMessage(role: "assistant", content: output.text, reasoning: output.reasoning.orNil))
            return work.isCancelled
        } catch  where work.isCancelled {
            messages.append(ChatMessage(role: "assistant", content: ""))
            return true
        }
    }

    private static func write(_ text: String) {
        // A reader that has gone is no reason to die within a write.
        try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }

    /// A line of standard input; `nil` behind the last.
    private static func nextLine() async -> String? {
        await withCheckedContinuation { continuation in
            lines.async { continuation.resume(returning: readLine()) }
        }
    }

    /// Reading waits for a person: it has a thread of its own.
    private static let lines = DispatchQueue(label: "lines")
}

/// Makes Ctrl-C stop an answer rather than the program.
private final class Interrupts: Sendable {
    let current = Mutex<Task<ChatOutput, any Error>?>(nil)

    /// - Parameter idle: called where no answer is under way.
    func catchAll(idle: @escaping @Sendable () -> Void) async {
        let signals = await UnixSignalsSequence(trapping: .sigint)
        Task {
            for await _ in signals {
                let work = current.withLock { $0 }
                if let work { work.cancel() } else { idle() }
            }
        }
    }
}

/// What is written of an answer: reasoning dim on a terminal, and elsewhere not at all.
private struct ShownAnswer {
    let isTerminal: Bool
    private var isDim = false
    private var endsLine = true

    init(isTerminal: Bool) { self.isTerminal = isTerminal }

    mutating func text(of delta: ChatDelta) -> String {
        switch delta {
        case .text(let piece): return switchTo(dim: false) + tame(piece)
        case .reasoning(let piece): return isTerminal ? switchTo(dim: true) + tame(piece) : ""
        case .callBegins, .callArguments: return ""
        }
    }

    mutating func end() -> String { switchTo(dim: false) + (endsLine ? "" : "\n") }

    private mutating func switchTo(dim: Bool) -> String {
        guard dim != isDim else { return "" }
        isDim = dim
        return dim ? "\u{1b}[2m" : "\u{1b}[0m\n"
    }

    /// Without what would command a terminal: a model may write anything.
    private mutating func tame(_ text: String) -> String {
        if let last = text.last { endsLine = last == "\n" }
        guard isTerminal else { return text }
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter {
                    $0 == "\n" || $0 == "\t" || $0.properties.generalCategory != .control
                }))
    }
}

extension String {
    fileprivate var orNil: String? { isEmpty ? nil : self }
}
