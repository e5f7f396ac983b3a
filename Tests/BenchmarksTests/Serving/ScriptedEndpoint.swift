import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// A tiny OpenAI endpoint on a port of its own, whose answers follow a script.
final class ScriptedEndpoint: Sendable {
    struct Body: Decodable {
        var model: String
        /// As the endpoint counts: token ids, or words and a token for the beginning of the text.
        var promptTokens: Int
        var isText: Bool
        var ignoresEndOfText: Bool
        var maxTokens: Int

        enum CodingKeys: String, CodingKey {
            case model, prompt
            case maxTokens = "max_tokens"
            case ignoresEndOfText = "ignore_eos"
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            model = try fields.decode(String.self, forKey: .model)
            maxTokens = try fields.decode(Int.self, forKey: .maxTokens)
            ignoresEndOfText = try fields.decodeIfPresent(Bool.self, forKey: .ignoresEndOfText) ?? false
            let text = try? fields.decode(String.self, forKey: .prompt)
            isText = text != nil
            promptTokens =
                try text.map { $0.split(separator: " ").count + 1 } ?? fields.decode([Int].self, forKey: .prompt).count
        }
    }

    /// What it is asked: the body, and the bearer token.
    let asked = Mutex<[Body]>([])
    let authorizations = Mutex<Set<String>>([])
    private let models: [String]
    private let script: @Sendable (Body, ScriptedEndpoint) async throws -> HTTPResponse.Status

    /// - Parameter script: Waits as long as the answer shall; gives its status.
    init(
        models: [String], script: @escaping @Sendable (Body, ScriptedEndpoint) async throws -> HTTPResponse.Status
    ) {
        self.models = models
        self.script = script
    }

    /// Runs `body` with the endpoint's URL while it listens.
    func run<Result: Sendable>(_ body: @escaping @Sendable (String) async throws -> Result) async throws -> Result {
        let router = Router()
        router.get("prefix/v1/models") { [models] request, _ in
            let list = models.map { #"{"id": "\#($0)"}"# }.joined(separator: ",")
            self.authorizations.withLock { _ = $0.insert(request.headers[.authorization] ?? "none") }
            return #"{"data": [\#(list)]}"#
        }
        router.get("prefix/metrics") { _, _ in "test_kv_cache_usage_perc 0.5\n" }
        router.post("prefix/v1/completions") { request, context in
            let body = try await request.decode(as: Body.self, context: context)
            self.asked.withLock { $0.append(body) }
            return try await self.answer(body)
        }
        let (ports, port) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) })
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            var first: Int?
            for await port in ports {
                first = port
                break
            }
            let result = try await body("http://127.0.0.1:\(first ?? 0)/prefix/v1")
            group.cancelAll()
            return result
        }
    }

    private func answer(_ body: Body) async throws -> Response {
        let status = try await script(body, self)
        guard status == .ok else {
            let fault = #"{"error": {"message": "scripted"}}"#
            return Response(status: status, body: .init(byteBuffer: ByteBuffer(string: fault)))
        }
        return Response(
            status: .ok,
            body: ResponseBody { writer in
                for index in 1...body.maxTokens {
                    let reason = index == body.maxTokens ? "\"length\"" : "null"
                    let event = #"data: {"choices": [{"text": "x", "finish_reason": \#(reason)}]}"#
                    try await writer.write(ByteBuffer(string: event + "\n\n"))
                }
                let usage = #"{"prompt_tokens": \#(body.promptTokens), "completion_tokens": \#(body.maxTokens)}"#
                try await writer.write(
                    ByteBuffer(string: "data: {\"choices\": [], \"usage\": \(usage)}\n\ndata: [DONE]\n\n"))
                try await writer.finish(nil)
            })
    }
}
