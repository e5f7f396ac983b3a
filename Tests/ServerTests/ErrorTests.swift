import Engine
import HTTPTypes
import Testing

@Suite struct ErrorTests {
    private func reply(to refusal: EngineError, stream: Bool = false) async throws -> Reply {
        try await chat(#""stream": \#(stream)"#, ScriptedGenerator(Script(refusal: refusal)))
    }

    @Test("Fault 17: context overflow tells both numbers", arguments: [true, false])
    func contextOverflowTellsBothNumbers(stream: Bool) async throws {
        let reply = try await reply(
            to: .contextLengthExceeded(model: "tiny", promptTokens: 900, limit: 512), stream: stream)
        #expect(reply.status == 400)
        #expect(reply.headers[.contentType] == "application/json")
        let error = try reply.error
        #expect(error?.code == "context_length_exceeded")
        #expect(error?.type == "invalid_request_error")
        #expect(error?.param == "messages")
        #expect(error?.n_prompt_tokens == 900)
        #expect(error?.n_ctx == 512)
    }

    @Test func contextOverflowOfACompletionNamesItsPrompt() async throws {
        let script = Script(refusal: .contextLengthExceeded(model: "tiny", promptTokens: 900, limit: 512))
        #expect(try await complete(#""prompt": "a""#, ScriptedGenerator(script)).error?.param == "prompt")
    }

    @Test func overloadSaysWhenToComeBack() async throws {
        let reply = try await reply(to: .overloaded(retryAfter: 7))
        #expect(reply.status == 503)
        #expect(reply.headers[.retryAfter] == "7")
        #expect(try reply.error?.type == "unavailable_error")
    }

    @Test(arguments: [
        EngineError.unavailable("loading"), .unitFailed(unit: "unit0", model: "tiny", reason: "device lost"),
    ])
    func whatMayPassIsUnavailable(refusal: EngineError) async throws {
        let reply = try await reply(to: refusal)
        #expect(reply.status == 503)
        #expect(reply.headers[.retryAfter] != nil)
    }

    @Test(arguments: [
        EngineError.emptyPrompt, .tokenOutOfVocabulary(5000, vocabularySize: 258),
        .poolTooSmall(model: "tiny", pagesNeeded: 9, pages: 8),
    ])
    func whatCannotBeServedIsABadRequest(refusal: EngineError) async throws {
        let reply = try await reply(to: refusal)
        #expect(reply.status == 400)
        #expect(try reply.error?.param == "messages")
    }

    @Test func aFailureBeforeTheAnswerHasAStatus() async throws {
        let generator = ScriptedGenerator(
            Script(failure: .unitFailed(unit: "unit0", model: "tiny", reason: "device lost")))
        let reply = try await chat(#""n": 2"#, generator)
        #expect(reply.status == 503)
        #expect(try reply.error?.message?.asText?.contains("device lost") == true)
        #expect(generator.running == 0)
    }

    @Test(arguments: ["/", "/v1", "/v1/images/generations", "/v1/chat/completions/x", "/metrics"])
    func unknownPathsAreNotFound(path: String) async throws {
        let reply = try await ask(.init(), .post, path, "{}")
        #expect(reply.status == 404)
        #expect(try reply.error?.code == "not_found")
        #expect(try reply.error?.param == .null)
    }

    @Test func wrongMethodsAreNotAllowed() async throws {
        for (method, path, allowed) in [
            (HTTPRequest.Method.get, "/v1/chat/completions", "POST"), (.put, "/tokenize", "POST"),
            (.post, "/v1/models", "GET, HEAD"), (.delete, "/v1/models/tiny", "GET, HEAD"),
            (.post, "/health", "GET, HEAD"),
        ] {
            let reply = try await ask(.init(), method, path)
            #expect(reply.status == 405)
            #expect(reply.headers[.allow] == allowed)
            #expect(try reply.error?.code == "method_not_allowed")
        }
    }

    @Test func requestIDsAreEchoedOrMade() async throws {
        let name = try #require(HTTPField.Name("x-request-id"))
        let own = try await ask(.init(), .get, "/health", headers: [name: "abc-1"])
        #expect(own.headers[name] == "abc-1")
        let failed = try await ask(.init(), .get, "/nowhere", headers: [name: "abc-2"])
        #expect(failed.headers[name] == "abc-2")
        let made = try await ask(.init(), .get, "/health")
        #expect(made.headers[name]?.count == 32)
        let long = try await ask(.init(), .get, "/health", headers: [name: String(repeating: "x", count: 5000)])
        #expect(long.headers[name]?.count == 32)
        let spaced = try await ask(.init(), .get, "/health", headers: [name: "a b"])
        #expect(spaced.headers[name]?.count == 32)
    }

    @Test func foreignHeadersDoNotMatter() async throws {
        let body = #"{"model": "tiny", "prompt": "a"}"#
        let headers: HTTPFields = [.contentType: "text/plain", .authorization: "Bearer sk-x"]
        #expect(try await ask(.init(), .post, "/v1/completions", body, headers: headers).status == 200)
    }
}
