import Engine
import HTTPTypes
import Testing

/// What Ollama's API says of texts and of models.
@Suite struct OllamaModelTests {
    private func ask(_ path: String, _ fields: String, _ generator: ScriptedGenerator) async throws -> Reply {
        try await ServerTests.ask(generator, .post, "/api/\(path)", "{\(fields)}")
    }

    @Test func textsBecomeVectors() async throws {
        let generator = ScriptedGenerator(models: [.chat, .embedder])
        let several = try await ask("embed", #""model": "vectors:latest", "input": ["ab", "c"]"#, generator).json
        #expect(several.model == "vectors:latest")
        #expect(several.embeddings?.elements?.count == 2)
        let expected = generator.texts.map {
            ScriptedGenerator.vector(of: $0.prompt).map { JSONValue.number(Double($0)) }
        }
        let found = several.embeddings?.elements?.compactMap(\.elements) ?? []
        #expect(
            zip(found.joined(), expected.joined()).allSatisfy { abs(($0.asNumber ?? 9) - ($1.asNumber ?? 0)) < 1e-6 })
        #expect(several.prompt_eval_count == 5)
        #expect(several.total_duration?.asNumber != nil && several.load_duration == 0)
        let short = try await ask("embed", #""model": "vectors", "input": "ab", "dimensions": 2"#, generator).json
        #expect(short.embeddings?[0]?.elements?.count == 2)
        let old = try await ask("embeddings", #""model": "vectors", "prompt": "ab""#, generator).json
        #expect(old.keys == ["embedding"])
        #expect(old.embedding?.elements?.count == 4)
        #expect(try await ask("embed", #""model": "vectors", "input": """#, generator).json.embeddings == [])
        #expect(try await ask("embed", #""model": "tiny", "input": "a""#, generator).status == 400)
    }

    @Test func longTextsAreCutUnlessToldOtherwise() async throws {
        let generator = ScriptedGenerator(models: [.embedder])
        let text = String(repeating: "a", count: 200)
        #expect(try await ask("embed", #""input": "\#(text)""#, generator).status == 200)
        #expect(try await ask("embed", #""input": "\#(text)<end>""#, generator).status == 200)
        #expect(try await ask("embed", #""input": "\#(text)", "truncate": false"#, generator).status == 200)
        #expect(generator.texts.map(\.prompt.count) == [64, 64, 201])
        #expect(generator.texts[0].prompt.last == 97)
        #expect(generator.texts[1].prompt.last == ByteTokenizer.end)
    }

    @Test func modelsAreListedWithATag() async throws {
        let generator = ScriptedGenerator(models: [.chat, .embedder])
        for path in ["/api/tags", "/api/ps"] {
            let models = try #require(try await ServerTests.ask(generator, .get, path).json.models?.elements)
            #expect(models.map(\.name) == ["tiny:latest", "vectors:latest"])
            #expect(models.map(\.model) == models.map(\.name))
            #expect(models[0].modified_at == "2023-11-14T22:13:20.000Z")
            #expect(models[0].details?.format == "gguf")
            #expect(models[0].context_length == 512)
            #expect((models[0].expires_at != nil) == (path == "/api/ps"))
        }
        let version = try #require(try await ServerTests.ask(generator, .get, "/api/version").json.version?.asText)
        #expect(version.wholeMatch(of: /\d+\.\d+\.\d+/) != nil)
    }

    @Test(arguments: [(134_515_008, "135M"), (8_030_261_248, "8.0B"), (999_600_000, "1000M"), (1_235_814_432, "1.2B")])
    func aModelSaysWhatItsFileHolds(parameters: Int, size: String) async throws {
        var model = ServedModel.chat
        model.details = ModelDetails(architecture: "llama", parameters: parameters, type: "Q4_1", fileBytes: 98)
        let generator = ScriptedGenerator(models: [model])
        let card = try await ServerTests.ask(generator, .get, "/api/tags").json.models?[0]
        #expect(card?.size == 98)
        let shown = try await ask("show", #""model": "tiny""#, generator).json
        for details in [card?.details, shown.details] {
            #expect(details?.family == "llama" && details?.families == ["llama"])
            #expect(details?.parameter_size == .string(size))
            #expect(details?.quantization_level == "Q4_1")
        }
        #expect(shown.model_info?[dynamicMember: "general.architecture"] == "llama")
        #expect(shown.model_info?[dynamicMember: "llama.context_length"] == 512)
        #expect(shown.model_info?[dynamicMember: "general.parameter_count"] == .number(Double(parameters)))
    }

    @Test func aModelSaysWhatItCan() async throws {
        let generator = ScriptedGenerator(models: [.tools, .base, .embedder, InfillTests.model])
        func capabilities(_ name: String) async throws -> JSONValue? {
            try await ask("show", #""model": "\#(name)""#, generator).json.capabilities
        }
        #expect(try await capabilities("tools:latest") == ["completion", "tools", "thinking"])
        #expect(try await capabilities("lab/base model") == ["completion"])
        #expect(try await capabilities("vectors") == ["embedding"])
        #expect(try await capabilities("coder") == ["completion", "insert"])
        let shown = try await ask("show", #""name": "vectors""#, generator).json
        let architecture = try #require(shown.model_info?[dynamicMember: "general.architecture"]?.asText)
        #expect(shown.model_info?[dynamicMember: "\(architecture).context_length"] == 64)
        #expect(shown.model_info?[dynamicMember: "\(architecture).embedding_length"] == 4)
        #expect(try await ask("show", #""model": "nobody""#, generator).status == 404)
    }
}
