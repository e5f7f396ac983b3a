import HTTPTypes
import Testing

@Suite struct ModelTests {
    private let generator = ScriptedGenerator(models: [.chat, .base])

    @Test func listNamesAllModels() async throws {
        let reply = try await ask(generator, .get, "/v1/models")
        #expect(reply.status == 200)
        let list = try reply.json
        #expect(list.object == "list")
        #expect(list.data?.elements?.compactMap(\.id?.asText) == ["tiny", "lab/base model"])
        #expect(list.data?[0]?.object == "model")
        #expect(list.data?[0]?.created == 1_700_000_000)
        #expect(list.data?[0]?.owned_by == "weft")
        #expect(list.data?[0]?.max_model_len == 512)
        #expect(list.data?[0]?.context_length == 512)
        #expect(list.data?.elements?.allSatisfy { $0.status == "loaded" } == true)
        #expect(list.data?[0]?.keys.isDisjoint(with: ["aliases", "alias_of"]) == true)
    }

    @Test func listSaysWhatModelsAreFor() async throws {
        let several = ScriptedGenerator(models: [.chat, .embedder, .ranker])
        let list = try await ask(several, .get, "/v1/models").json
        #expect(list.data?.elements?.compactMap(\.purpose) == ["generation", "embedding", "ranking"])
        #expect(try await ask(several, .get, "/v1/models/vectors").json.purpose == "embedding")
    }

    @Test(arguments: ["/v1/models/lab/base%20model", "/v1/models/lab%2Fbase%20model"])
    func retrieveFindsNamesWithSlashes(path: String) async throws {
        let reply = try await ask(generator, .get, path)
        #expect(reply.status == 200)
        #expect(try reply.json.id == "lab/base model")
    }

    @Test func unknownModelIsNotFound() async throws {
        let reply = try await ask(generator, .get, "/v1/models/nobody")
        #expect(reply.status == 404)
        #expect(try reply.error?.code == "model_not_found")
        #expect(try reply.error?.param == "model")
    }

    @Test func unknownModelOfAGenerationIsNotFound() async throws {
        let reply = try await ask(
            generator, .post, "/v1/chat/completions",
            #"{"model": "evil\n\u001b[2J", "messages": [{"role": "user", "content": "x"}]}"#)
        #expect(reply.status == 404)
        #expect(try reply.error?.code == "model_not_found")
        #expect(try reply.error?.message?.asText?.unicodeScalars.contains("\n") == false)
        #expect(try reply.error?.message?.asText?.unicodeScalars.contains("\u{1b}") == false)
    }

    @Test func theOnlyModelNeedNotBeNamed() async throws {
        let only = ScriptedGenerator()
        let body = #"{"messages": [{"role": "user", "content": "x"}]}"#
        #expect(try await ask(only, .post, "/v1/chat/completions", body).json.model == "tiny")
        let reply = try await ask(generator, .post, "/v1/chat/completions", body)
        #expect(reply.status == 400)
        #expect(try reply.error?.param == "model")
    }
}
