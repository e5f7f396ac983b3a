import Engine
import Foundation
import Testing

/// Real clients, the PyPI packages `openai`, `anthropic` and `ollama`, against a listening server whose engine is
/// scripted.
@Suite(.timeLimit(.minutes(10))) struct ClientTests {
    /// What the scripts end with when a package is missing.
    static let skipped: Int32 = 77

    @Test func theRealClientIsContent() async throws {
        let script = Script(texts: "Hello you".map(String.init), mimicsModel: true)
        try await serving(ScriptedGenerator(script, models: [.chat, .embedder])) { port, _ in
            try await Self.check(
                "openai_client.py",
                ["--base-url", "http://127.0.0.1:\(port)/v1", "--model", "tiny", "--embedder", "vectors"])
        }
    }

    @Test func realClientsReadCallsAndReasoning() async throws {
        let text =
            #"<think>Hm.</think>I see.<tool_call>{"name": "get_weather", "arguments": {"city": "Bern"}}</tool_call>"#
        try await serving(ToolTests.saying(text)) { port, _ in
            try await Self.check("tool_clients.py", ["--base-url", "http://127.0.0.1:\(port)", "--model", "tools"])
        }
    }

    @Test func ollamasClientIsContent() async throws {
        let text =
            #"<think>Hm.</think>I see.<tool_call>{"name": "get_weather", "arguments": {"city": "Bern"}}</tool_call>"#
        let models: [ServedModel] = [.tools, .embedder, InfillTests.model]
        try await serving(ScriptedGenerator(ToolTests.script(text), models: models)) { port, _ in
            try await Self.check("ollama_client.py", ["--base-url", "http://127.0.0.1:\(port)", "--model", "tools"])
        }
    }

    /// - Returns: what the script printed.
    @discardableResult
    static func check(_ script: String, _ arguments: [String]) async throws -> String {
        let (status, output) = try await run(script, arguments)
        if status == skipped {
            print("SKIPPED: \(script) did not run. \(output)")
        } else {
            #expect(status == 0, "\(output)")
        }
        return output
    }

    /// Runs a script with `python3`, or with what the environment variable `WEFT_PYTHON` names.
    static func run(
        _ script: String, _ arguments: [String]
    ) async throws -> (status: Int32, output: String) {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let script = tests.appending(path: "Conformance/clients/\(script)").path
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let python = ProcessInfo.processInfo.environment["WEFT_PYTHON"] ?? "python3"
        process.arguments = [python, script] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        let status = try await withCheckedThrowingContinuation { ended in
            process.terminationHandler = { ended.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { ended.resume(throwing: error) }
        }
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        return (status, String(decoding: output, as: UTF8.self))
    }
}
