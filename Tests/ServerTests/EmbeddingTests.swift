import Engine
import Foundation
import HTTPTypes
import Server
import ServiceLifecycle
import Testing

/// `POST /v1/embeddings`, with an engine whose vectors are known.
@Suite(.timeLimit(.minutes(10))) struct EmbeddingTests {
    private func embed(
        _ fields: String, _ generator: ScriptedGenerator = .init(models: [.embedder])
    ) async throws -> Reply {
        try await ask(generator, .post, "/v1/embeddings", "{\(fields)}")
    }

    private func numbers(_ value: JSONValue?) -> [Double]? {
        value?.elements?.compactMap { if case .number(let number) = $0 { number } else { nil } }
    }

    @Test func anAnswerIsOpenAIs() async throws {
        let json = try await embed(#""model": "vectors", "input": "ab""#).json
        #expect(json.keys == ["object", "data", "model", "usage"])
        #expect(json.object == "list" && json.model == "vectors")
        // A token begins the text.
        #expect(json.usage == .object(["prompt_tokens": 3, "total_tokens": 3]))
        let item = try #require(json.data?[0])
        #expect(item.keys == ["object", "index", "embedding"])
        #expect(item.object == "embedding" && item.index == 0)
        let vector = try #require(numbers(item.embedding))
        let expected = ScriptedGenerator.vector(of: [257, 97, 98]).map { Double($0) }
        #expect(zip(vector, expected).allSatisfy { abs($0 - $1) < 1e-6 } && vector.count == 4)
    }

    @Test func inputsAreTextsOrTokensAndKeepTheirOrder() async throws {
        for (input, prompts) in [
            (#""a""#, [[257, 97]]), (#"["a", "b", "a"]"#, [[257, 97], [257, 98], [257, 97]]), ("[5, 6]", [[5, 6]]),
            ("[[5, 6], [7]]", [[5, 6], [7]]),
        ] as [(String, [[Int32]])] {
            let generator = ScriptedGenerator(models: [.embedder])
            let json = try await embed("\"input\": \(input)", generator).json
            #expect(json.data?.elements?.map(\.index) == prompts.indices.map { .number(Double($0)) })
            for (index, prompt) in prompts.enumerated() {
                let vector = try #require(numbers(json.data?[index]?.embedding))
                let expected = ScriptedGenerator.vector(of: prompt)
                #expect(zip(vector, expected).allSatisfy { abs($0 - Double($1)) < 1e-6 })
            }
            #expect(Set(generator.texts.map(\.prompt)) == Set(prompts))
        }
    }

    @Test func base64HoldsTheSameFloats() async throws {
        let json = try await embed(#""input": "ab", "encoding_format": "base64""#).json
        let data = try #require(Data(base64Encoded: json.data?[0]?.embedding?.asText ?? ""))
        let floats = stride(from: 0, to: data.count, by: 4).map { start in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(data[start + $1]) << (8 * $1) })
        }
        #expect(floats == ScriptedGenerator.vector(of: [257, 97, 98]))
    }

    @Test func aVectorIsCutToLengthOne() async throws {
        let json = try await embed(#""input": [5, 7], "dimensions": 2"#).json
        #expect(numbers(json.data?[0]?.embedding) == [1, 0])
        let three = try #require(
            numbers(try await embed(#""input": [5, 7], "dimensions": 3"#).json.data?[0]?.embedding))
        #expect(zip(three, [0.8, 0, 0.6]).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(try await embed(#""input": "a", "dimensions": 5"#).error?.param == "dimensions")
    }

    @Test(arguments: [
        ("\"model\": \"vectors\"", "input"), (#""input": []"#, "input"), (#""input": """#, "input"),
        (#""input": ["a", ""]"#, "input[1]"), (#""input": {"a": 1}"#, "input"), (#""input": [5, 258]"#, "input[1]"),
        (#""input": [[5], [-1]]"#, "input[1][0]"), (#""input": "a", "encoding_format": "int8""#, "encoding_format"),
        (#""input": "a", "encoding_format": 5"#, "encoding_format"), (#""input": "a", "dimensions": 0"#, "dimensions"),
        (#""input": "a", "dimensions": "2""#, "dimensions"), (#""input": "\ud800""#, "input"),
    ])
    func wrongBodiesAreRefused(fields: String, field: String) async throws {
        let generator = ScriptedGenerator(models: [.embedder])
        let reply = try await embed(fields, generator)
        #expect(reply.status == 400)
        #expect(try reply.error?.type == "invalid_request_error")
        #expect(try reply.error?.param == .string(field))
        #expect(generator.texts.isEmpty)
    }

    @Test func tooManyTextsAreRefused() async throws {
        let texts = Array(repeating: "[5]", count: 2049).joined(separator: ",")
        let reply = try await embed("\"input\": [\(texts)]")
        #expect(reply.status == 400)
        #expect(try reply.error?.param == "input")
    }

    @Test func whatTheEngineRefusesIsOfTheTextAtFault() async throws {
        let script = Script(refusal: .textTooLong(model: "vectors", tokens: 70, limit: 64))
        let error = try await embed(#""input": ["a", "b"]"#, ScriptedGenerator(script, models: [.embedder])).error
        #expect(error?.code == "context_length_exceeded")
        #expect(error?.n_prompt_tokens == 70 && error?.n_ctx == 64)
        #expect(error?.param?.asText?.hasPrefix("input[") == true)
        let busy = Script(refusal: .overloaded(retryAfter: 3))
        let reply = try await embed(#""input": "a""#, ScriptedGenerator(busy, models: [.embedder]))
        #expect(reply.status == 503 && reply.headers[.retryAfter] == "3")
    }

    @Test func modelsAreAskedForWhatTheyAreFor() async throws {
        let generator = ScriptedGenerator(models: [.chat, .embedder, .ranker])
        let chat = #"{"model": "vectors", "messages": [{"role": "user", "content": "x"}]}"#
        for (path, body) in [
            ("/v1/embeddings", #"{"model": "tiny", "input": "a"}"#), ("/v1/chat/completions", chat),
            ("/v1/embeddings", #"{"model": "ranks", "input": "a"}"#),
            ("/v1/completions", #"{"model": "ranks", "prompt": "a"}"#),
            ("/v1/rerank", #"{"model": "vectors", "query": "a", "documents": ["b"]}"#),
        ] {
            let reply = try await ask(generator, .post, path, body)
            #expect(reply.status == 400, "\(path)")
            #expect(try reply.error?.code == "model_unsuitable" && reply.error?.param == "model")
            // It says where to go instead.
            #expect(try reply.error?.message?.asText?.contains("use /v1/") == true)
        }
        #expect(generator.texts.isEmpty && generator.requests.isEmpty)
        let reply = try await ask(generator, .post, "/v1/embeddings", #"{"model": "none", "input": "a"}"#)
        #expect(reply.status == 404)
    }

    @Test func someTextsAreReadAtATime() async throws {
        let generator = ScriptedGenerator(.held, models: [.embedder])
        try await serving(generator) { port, _ in
            try await Wire.open(port) { wire in
                let texts = (0..<100).map { "[\($0)]" }.joined(separator: ",")
                try await wire.post("/v1/embeddings", "{\"input\": [\(texts)]}")
                try await eventually { generator.running == 32 }
                generator.release()
                try await wire.read(until: "\"total_tokens\":100")
                #expect(generator.mostRunning <= 32 && generator.texts.count == 100)
            }
        }
    }

    @Test func aClientThatGoesFreesItsTexts() async throws {
        let generator = ScriptedGenerator(.held, models: [.embedder])
        try await serving(generator) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.post("/v1/embeddings", #"{"input": ["a", "b", "c"]}"#)
                try await eventually { generator.running == 3 }
            }
            try await eventually { generator.running == 0 }
            #expect(generator.cancelled == 3)
        }
    }

    @Test func shutdownEndsTextsThatAreRead() async throws {
        let generator = ScriptedGenerator(.held, models: [.embedder])
        try await serving(generator) { port, services in
            try await Wire.open(port) { wire in
                try await wire.post("/v1/embeddings", #"{"input": "a"}"#)
                try await eventually { generator.running == 1 }
                await services.triggerGracefulShutdown()
                try await wire.read(until: "shutting down")
                #expect(wire.received.hasPrefix("HTTP/1.1 503 "))
            }
        }
        #expect(generator.running == 0)
    }

    @Test func anAnswerTooLargeIsRefusedBeforeItIsComputed() async throws {
        let generator = ScriptedGenerator(models: [.embedder])
        try await serving(generator) {
            $0.vectorLimit = 100
        } _: { port, _ in
            try await Wire.open(port) { wire in
                try await wire.post("/v1/embeddings", #"{"input": ["a", "b"]}"#)
                try await wire.read(until: "answer_too_large")
            }
        }
        #expect(generator.texts.isEmpty)
    }
}
