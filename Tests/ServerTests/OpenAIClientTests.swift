import Engine
import Foundation
import Testing

/// The real client of the PyPI package `openai`, against a listening server whose engine is scripted.
@Suite(.timeLimit(.minutes(2))) struct OpenAIClientTests {
    /// What the script ends with when the package is missing.
    private static let skipped: Int32 = 77

    @Test func theRealClientIsContent() async throws {
        let script = Script(texts: "Hello you".map(String.init), mimicsModel: true)
        try await serving(ScriptedGenerator(script, models: [.chat, .embedder])) { port, _ in
            let (status, output) = try await Self.run([
                "--base-url", "http://127.0.0.1:\(port)/v1", "--model", "tiny", "--embedder", "vectors",
            ])
            if status == Self.skipped {
                print("SKIPPED: the real OpenAI client did not run. \(output)")
            } else {
                #expect(status == 0, "\(output)")
            }
        }
    }

    /// Runs the script with `python3`, or with what the environment variable `WEFT_PYTHON` names.
    private static func run(_ arguments: [String]) async throws -> (status: Int32, output: String) {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let script = tests.appending(path: "Conformance/clients/openai_client.py").path
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
