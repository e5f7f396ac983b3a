import Foundation
import Testing

/// `weft run`, `weft ps` and `weft pull`, as a person calls them.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct TerminalTests {
    private static let model = "smollm2-135m-q4_1"
    private static let question = "What is the capital of France?"

    private func weft(_ arguments: String..., joinsErrors: Bool = true) throws -> CommandResult {
        try CommandResult.of(ServedProcess.binary(), arguments, joinsErrors: joinsErrors)
    }

    private static func script(_ arguments: [String]) throws -> CommandResult {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        return try CommandResult.of("python3", [folder.appending(path: "clients/terminal.py").path] + arguments)
    }

    @Test func oneQuestionIsAnswered() throws {
        let options = ["--temperature", "0", "--max-tokens", "16", "--device", "opencl"]
        let answer = try CommandResult.of(
            ServedProcess.binary(), ["run", Self.model, Self.question] + options, joinsErrors: false)
        #expect(answer.status == 0 && answer.output.count > 20 && answer.output.hasSuffix("\n"))
        // The same from standard input, and nothing but the answer.
        let line = "printf '%s' '\(Self.question)' | \"$0\" \"$@\""
        let piped = try CommandResult.of(
            "bash", ["-c", line, ServedProcess.binary(), "run", Self.model] + options, joinsErrors: false)
        #expect(piped.status == 0 && piped.output == answer.output)
        let empty = try CommandResult.of("bash", ["-c", "\"$0\" run \(Self.model) </dev/null", ServedProcess.binary()])
        #expect(empty.status != 0 && empty.output.contains("standard input has no question"))
    }

    @Test func aPersonChats() throws {
        let chat = try Self.script([ServedProcess.binary(), Self.model, "--device", "opencl"])
        #expect(chat.status == 0, "\(chat.output)")
    }

    @Test func aServerIsAsked() throws {
        struct Row: Decodable {
            var model, unit, state, device: String
            var held, quota, running, waiting: Int
            var tokens_per_second: Double?
        }
        let path = FileManager.default.temporaryDirectory.appending(path: "weft-\(UUID().uuidString).yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "models: [{name: \(Self.model), path: \(Self.model).gguf}]\n".write(
            toFile: path, atomically: true, encoding: .utf8)
        let server = try ServedProcess(config: path, device: "opencl")
        defer { server.stop() }
        let url = "http://127.0.0.1:\(server.port)"
        while try CommandResult.of("curl", ["-fs", "\(url)/ready"]).status != 0 { Thread.sleep(forTimeInterval: 0.2) }
        let answer = try weft(
            "run", Self.model, Self.question, "--url", url, "--temperature", "0", "--max-tokens", "16")
        #expect(answer.status == 0 && answer.output.count > 20, "\(answer.output)")
        let chat = try Self.script([ServedProcess.binary(), Self.model, "--url", url])
        #expect(chat.status == 0, "\(chat.output)")
        let nobody = try weft("run", "nobody", "hi", "--url", url)
        #expect(nobody.status != 0 && nobody.output.contains("The model `nobody` does not exist."))

        let rows = try JSONDecoder().decode(
            [Row].self, from: Data(weft("ps", "--url", url, "--json", joinsErrors: false).output.utf8))
        #expect(rows.map(\.model) == [Self.model] && rows.map(\.unit) == ["unit0"] && rows[0].quota > 0)
        #expect(rows[0].tokens_per_second ?? 0 > 0)
        let table = try weft("ps", "--url", url)
        #expect(table.status == 0 && table.output.contains(Self.model) && table.output.contains("tokens/s"))
    }

    @Test func whatIsMissingIsSaid() throws {
        let run = try weft("run", "lab/tiny-GGUF:Q8_0", "hi")
        #expect(run.status != 0 && run.output.contains("weft pull lab/tiny-GGUF:Q8_0"))
        let ps = try weft("ps", "--url", "http://127.0.0.1:1")
        #expect(ps.status != 0 && ps.output.contains("no server answers at http://127.0.0.1:1"))
        let pull = try weft("pull", "lab/tiny", "--url", "http://127.0.0.1:1")
        #expect(pull.status != 0 && pull.output.contains("http://127.0.0.1:1"))
        #expect(try weft("pull", "tiny").output.contains("OWNER/NAME"))
        #expect(try weft("pull", "lab/tiny", "--url", "nowhere").output.contains("no address of a hub"))
    }
}
