import Engine
import HTTPTypes
import Testing

/// `POST /v1/rerank`, with an engine that counts a's.
@Suite(.timeLimit(.minutes(10))) struct RerankTests {
    private func rank(
        _ fields: String, _ generator: ScriptedGenerator = .init(models: [.ranker])
    ) async throws -> Reply {
        try await ask(generator, .post, "/v1/rerank", "{\(fields)}")
    }

    @Test func theBestComesFirst() async throws {
        let generator = ScriptedGenerator(models: [.ranker])
        let json = try await rank(
            #""model": "ranks", "query": "q", "documents": ["a", "baa", "b", {"text": "aaa"}, "aa"]"#, generator
        ).json
        #expect(json.keys == ["id", "object", "model", "results", "usage"])
        let results = try #require(json.results?.elements)
        // Equal ones keep their order.
        #expect(results.map(\.index) == [3, 1, 4, 0, 2])
        #expect(results.map(\.relevance_score) == [3, 2, 2, 1, 0])
        #expect(results.allSatisfy { $0.document == nil })
        #expect(json.usage?.total_tokens == .number(Double(generator.texts.reduce(0) { $0 + $1.prompt.count })))
        #expect(generator.texts.contains { $0.prompt == [257, 113, 256, 98, 97, 97, 256] })
    }

    @Test func someResultsWithTheirDocuments() async throws {
        let json = try await rank(
            #""query": "q", "documents": ["b", "aa", "a"], "top_n": 2, "return_documents": true"#
        ).json
        #expect(json.results?.elements?.map(\.index) == [1, 2])
        #expect(json.results?.elements?.map(\.document) == [.object(["text": "aa"]), .object(["text": "a"])])
        let all = try await rank(#""query": "q", "documents": ["b", "aa"], "top_n": 9"#).json
        #expect(all.results?.elements?.count == 2)
    }

    /// What stands in a text is no place of the template.
    @Test func aTemplateTakesBothTexts() async throws {
        var model = ServedModel.ranker
        model.rankTemplate = "Q:{query} D:{document} Q:{query}"
        let generator = ScriptedGenerator(models: [model])
        _ = try await rank(#""query": "x{document}", "documents": ["y{query}"]"#, generator)
        #expect(
            generator.texts.map { ByteTokenizer.text($0.prompt) } == ["Q:x{document} D:y{query} Q:x{document}"])
    }

    @Test(arguments: [
        (#""documents": ["a"]"#, "query"), (#""query": "", "documents": ["a"]"#, "query"),
        (#""query": "a""#, "documents"), (#""query": "a", "documents": []"#, "documents"),
        (#""query": "a", "documents": "b""#, "documents"), (#""query": "a", "documents": [5]"#, "documents[0]"),
        (#""query": "a", "documents": ["b", {}]"#, "documents[1].text"),
        (#""query": "a", "documents": ["b"], "top_n": 0"#, "top_n"),
        (#""query": "a", "documents": ["b"], "return_documents": 1"#, "return_documents"),
    ])
    func wrongBodiesAreRefused(fields: String, field: String) async throws {
        let generator = ScriptedGenerator(models: [.ranker])
        let reply = try await rank(fields, generator)
        #expect(reply.status == 400)
        #expect(try reply.error?.param == .string(field))
        #expect(generator.texts.isEmpty)
    }

    @Test func whatTheEngineRefusesIsOfTheDocument() async throws {
        let script = Script(refusal: .textTooLong(model: "ranks", tokens: 70, limit: 64))
        let reply = try await rank(#""query": "a", "documents": ["b"]"#, ScriptedGenerator(script, models: [.ranker]))
        #expect(reply.status == 400)
        #expect(try reply.error?.param == "documents[0]")
    }
}
