import Foundation
import Testing

/// The served binary, two real models, and the real OpenAI client over a real socket.
@Suite(.serialized)
struct ServedTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    static let config = folder.deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("configs/two-models.yaml").path
    static let models = ["smollm2-135m-q4_1", "smollm2-135m-q8_0"]

    @Test("Fault 26: real clients are served", arguments: ["vulkan:llvmpipe", "opencl:pthread"])
    func realClientsAreServed(_ device: String) throws {
        let server = try ServedProcess(config: Self.config, device: device)
        defer { server.stop() }
        for script in ["wait_ready.py", "openai_client.py", "together.py", "structured.py", "admin.py", "bad_input.py"]
        {
            let result = try CommandResult.of(
                "python3",
                [Self.folder.appendingPathComponent("clients/\(script)").path]
                    + ["--base-url", "http://127.0.0.1:\(server.port)/v1"] + Self.models.flatMap { ["--model", $0] })
            #expect(result.status == 0, "\(script):\n\(result.output)\n\(server.logText)")
        }
    }

    /// The live view of the page, while both models work.
    @Test func thePageShowsTheWork() throws {
        let server = try ServedProcess(config: Self.config, device: "opencl:pthread")
        defer { server.stop() }
        for script in ["wait_ready.py", "page_live.py"] {
            let result = try CommandResult.of(
                "python3",
                [Self.folder.appendingPathComponent("clients/\(script)").path]
                    + ["--base-url", "http://127.0.0.1:\(server.port)/v1"] + Self.models.flatMap { ["--model", $0] })
            #expect(result.status == 0, "\(script):\n\(result.output)\n\(server.logText)")
            print(result.output, terminator: "")
        }
    }
}
