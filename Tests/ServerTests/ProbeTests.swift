import HTTPTypes
import Testing

@Suite struct ProbeTests {
    @Test(arguments: ["/health", "/v1/health", "/ready", "/version", "/ping"])
    func answersGetAndHead(path: String) async throws {
        #expect(try await ask(.init(), .get, path).status == 200)
        let head = try await ask(.init(), .head, path)
        #expect(head.status == 200)
        #expect(head.text.isEmpty)
    }

    @Test func versionIsTheConfiguredOne() async throws {
        #expect(try await ask(.init(), .get, "/version").json.version == "0.0.1")
    }

    @Test func readyWaitsForTheModels() async throws {
        let generator = ScriptedGenerator()
        generator.setReady(false)
        let reply = try await ask(generator, .get, "/ready")
        #expect(reply.status == 503)
        #expect(reply.headers[.retryAfter] != nil)
        #expect(try reply.error?.type == "unavailable_error")
        #expect(try await ask(generator, .get, "/health").status == 200)
    }

    @Test func modelsThatLoadAreUnavailableNotUnknown() async throws {
        let generator = ScriptedGenerator(models: [])
        generator.setReady(false)
        let reply = try await chat("", generator)
        #expect(reply.status == 503)
        #expect(reply.headers[.retryAfter] != nil)
    }
}
