import Access
import Engine
import Foundation
import HTTPTypes
import HummingbirdTesting
import Logging
import NIOCore
import Server
import Testing
import Transformer

/// The page at `/`.
@Suite(.timeLimit(.minutes(10))) struct PageTests {
    private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources/Server/Page")

    private func get(_ path: String, _ headers: HTTPFields = [:]) async throws -> Reply {
        let server = WeftServer(
            ScriptedGenerator(), administration: PretendedUnits(), configuration: .init(), logger: .silent)
        return try await server.application.test(.router) { client in
            let response = try await client.executeRequest(uri: path, method: .get, headers: headers, body: nil)
            return Reply(
                status: response.status.code, headers: response.headers, text: String(buffer: response.body))
        }
    }

    private static let files = ["", "page/page.css"] + scripts.map { "page/\($0)" }
    private static let scripts = ["page.js", "chat.js", "markdown.js", "server.js", "strips.js", "weave.js"]

    @Test(arguments: files)
    func eachFileIsServedAsItIs(_ path: String) async throws {
        let reply = try await get("/\(path)")
        #expect(reply.status == 200)
        let source = Self.sources.appending(path: path.isEmpty ? "page.html" : String(path.dropFirst(5)))
        #expect(try reply.text == String(contentsOf: source, encoding: .utf8))
        let type = ["html": "text/html", "css": "text/css", "js": "text/javascript"][source.pathExtension] ?? ""
        #expect(reply.headers[.contentType] == "\(type); charset=utf-8")
        #expect(reply.headers[.cacheControl] == "no-cache")
        #expect(reply.headers[.xContentTypeOptions] == "nosniff")
        let policy = try #require(reply.headers[.contentSecurityPolicy])
        #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "))
        #expect(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"))

        let tag = try #require(reply.headers[.eTag])
        let again = try await get("/\(path)", [.ifNoneMatch: "W/\"x\", \(tag)"])
        #expect(again.status == 304 && again.text.isEmpty && again.headers[.eTag] == tag)
        #expect(try await get("/\(path)", [.ifNoneMatch: "\"x\""]).status == 200)
    }

    /// No text becomes markup or a program, and nothing comes from elsewhere.
    @Test(arguments: scripts + ["page.css", "page.html"])
    func nothingInItIsUnsafe(_ name: String) throws {
        let text = try String(contentsOf: Self.sources.appending(path: name), encoding: .utf8)
        for word in [
            "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc",
        ] {
            #expect(!text.contains(word), "\(name) has \(word)")
        }
        // The name of SVG in the icon is an address that nobody asks.
        let addresses = text.matches(of: #/https?://[a-z0-9.]+/#).map { String($0.output) }
        #expect(addresses.allSatisfy { $0 == "http://www.w3.org" }, "\(name): \(addresses)")
    }

    /// Debian's Chromium: chat, markdown, keys, keyboard, the live view, and what the console has to say.
    @Test func aRealBrowserIsContent() async throws {
        let units = PretendedUnits(["tiny", "tools"])
        let generator = ScriptedGenerator(
            models: [.chat, .tools, .embedder],
            answers: [
                "markdown": Script(texts: Self.markdown.map(String.init)), "endless": .endless,
                "weather": Script(texts: Self.call.map(String.init)), "sunny": Script(texts: ["It ", "is sunny."]),
                "fail": Script(failure: .unavailable("the unit is being set up again")),
            ])
        let keyed = ScriptedGenerator(models: [.chat])
        let access = try AccessControl(
            file: nil, environment: ["WEFT_API_KEYS": "client-0123456789", "WEFT_ADMIN_KEYS": "admin-0123456789"],
            logger: .silent)
        try await withThrowingTaskGroup { group in
            group.addTask { try await units.work() }
            try await serving(generator, administration: units) { port, _ in
                try await serving(
                    keyed, administration: units, configure: { $0.access = access },
                    { keyedPort, _ in
                        let output = try await ClientTests.check(
                            "page.py",
                            [
                                "--url", "http://127.0.0.1:\(port)", "--keyed-url", "http://127.0.0.1:\(keyedPort)",
                                "--markdown", Self.markdown,
                            ])
                        print(output, terminator: "")
                    })
            }
            group.cancelAll()
        }
        // What was stopped in the browser was freed.
        guard !generator.requests.isEmpty else { return }
        try await eventually { generator.running == 0 }
        #expect(generator.cancelled >= 2 && Set(generator.requests.map(\.model)) == ["tiny", "tools"])
        #expect(generator.requests.contains { $0.maxTokens == 77 && $0.sampling.temperature == 0.5 })
    }

    private static let call =
        #"<think>Which city?</think>I look.<tool_call>{"name": "weather", "arguments": {"city": "Bern"}}</tool_call>"#

    /// What is to be shown, and what must not happen.
    private static let markdown = """
        # Title <img src=x onerror=alert(1)>

        One **bold**, *slanted*, `code <b>` and [a link](https://example.org/a_(b)), [not one](javascript:alert(1)),
        [nor this](data:text/html,<script>alert(1)</script>) <script>document.title = "owned"</script>.

        - first
          - inner
        - second

        | left | right |
        |------|------:|
        | 1 | <svg onload=alert(1)> |

        ```html
        <script>alert("code")</script>
        ```

        > quoted "><script>alert(1)</script>
        """
}
