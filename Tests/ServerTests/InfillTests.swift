import Engine
import HTTPTypes
import Quantities
import Testing
import Tokenization
import Transformer

/// `/infill`, and `suffix` of completions: what stands between two texts.
@Suite struct InfillTests {
    /// Bytes, with the tokens of models that fill in the middle.
    private struct FillTokenizer: Tokenizer {
        let marks: [String]

        var vocabularySize: Int { 258 + marks.count }
        var endOfTextTokens: Set<TokenID> { [ByteTokenizer.end] }

        func encode(_ text: String, parsesSpecial: Bool, addsSpecial: Bool) -> [TokenID] {
            guard parsesSpecial, let mark = marks.firstIndex(of: text) else {
                return ByteTokenizer().encode(text, parsesSpecial: parsesSpecial, addsSpecial: addsSpecial)
            }
            return [258 + TokenID(mark)]
        }

        func bytes(of token: TokenID, rendersSpecial: Bool) -> [UInt8] {
            guard token >= 258 else { return ByteTokenizer().bytes(of: token, rendersSpecial: rendersSpecial) }
            return rendersSpecial ? Array(marks[Int(token) - 258].utf8) : []
        }
    }

    private static func model(_ marks: [String]) -> ServedModel {
        ServedModel(
            name: "coder", created: 0, contextLength: 512, tokenizer: FillTokenizer(marks: marks), chatTemplate: nil)
    }

    static let model = model(["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_sep|>"])

    private func infill(_ fields: String, _ generator: ScriptedGenerator) async throws -> Reply {
        try await ask(generator, .post, "/infill", "{\(fields)}")
    }

    private func prompts(_ generator: ScriptedGenerator) -> [String] {
        generator.requests.map { request in
            let tokenizer = generator.models[0].tokenizer
            return String(
                decoding: request.prompt.flatMap { tokenizer.bytes(of: $0, rendersSpecial: true) }, as: UTF8.self)
        }
    }

    @Test func thePromptHasTheModelsTokens() async throws {
        let generator = ScriptedGenerator(models: [Self.model])
        let reply = try await infill(
            #""input_prefix": "a<|fim_suffix|>\n", "input_suffix": "c", "prompt": "b", "input_extra": "#
                + #"[{"filename": "x.py", "text": "1"}, {"text": "2"}], "n_predict": 5, "stop": ["\n"]"#, generator)
        let answer = try reply.json
        #expect(answer.content == "Hello you")
        #expect(answer.stop == true)
        #expect(answer.stop_type == "eos")
        #expect(answer.tokens_predicted == 3)
        let request = try #require(generator.requests.first)
        #expect(answer.tokens_evaluated == .number(Double(request.prompt.count)))
        #expect(request.maxTokens == 5)
        // Where the model would begin another file, the middle is over.
        #expect(request.stop == ["\n", "<|file_sep|>"])
        #expect(request.shownTokens == [261])
        #expect(request.sampling.topP == 0.95)
        #expect(
            prompts(generator) == [
                "<begin><|file_sep|>x.py\n1<|file_sep|>tmp\n2<|file_sep|>filename\n"
                    + "<|fim_prefix|>a<|fim_suffix|>\nb<|fim_suffix|>c<|fim_middle|>"
            ])
        // What the client's texts say is text, whatever they look like.
        let marks = request.prompt.filter { $0 >= 258 }
        #expect(marks == [261, 261, 261, 258, 259, 260])
    }

    @Test(arguments: [
        ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"], ["<PRE>", "<SUF>", "<MID>"],
        ["<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"],
    ])
    func otherFamiliesHaveOtherTokens(marks: [String]) async throws {
        let generator = ScriptedGenerator(models: [Self.model(marks)])
        _ = try await infill(
            #""input_prefix": "a", "input_suffix": "c", "input_extra": [{"text": "1"}]"#, generator)
        #expect(
            prompts(generator) == ["<begin>\n\n--- snippet ---\n\n1\(marks[0])a\(marks[1])c\(marks[2])"])
    }

    @Test func tokensThatTheFileNamesGoFirst() async throws {
        var model = Self.model
        model.details = ModelDetails(
            architecture: "llama", parameters: 1, type: "F16", fileBytes: 1,
            fillTokens: .init(prefix: 1, suffix: 2, middle: 3))
        let generator = ScriptedGenerator(models: [model])
        _ = try await infill(#""input_prefix": "a", "input_suffix": "c""#, generator)
        #expect(generator.requests.first?.prompt == [ByteTokenizer.beginning, 1, 97, 2, 99, 3])
    }

    @Test func aStreamHasPieces() async throws {
        let generator = ScriptedGenerator(Script(reason: .length), models: [Self.model])
        let reply = try await infill(#""input_prefix": "a", "input_suffix": "", "stream": true"#, generator)
        let pieces = try reply.chunks
        #expect(pieces.map(\.content) == ["Hel", "lo", " you", ""])
        #expect(pieces.map(\.stop) == [false, false, false, true])
        #expect(pieces.last?.stop_type == "limit")
        #expect(!reply.text.contains("[DONE]"))
    }

    @Test(arguments: [
        (#""input_suffix": "b""#, "input_prefix"), (#""input_prefix": "a""#, "input_suffix"),
        (#""input_prefix": 1, "input_suffix": "b""#, "input_prefix"),
        (#""input_prefix": "a", "input_suffix": "b", "input_extra": [{}]"#, "input_extra[0].text"),
        (#""input_prefix": "a", "input_suffix": "b", "n_predict": -3"#, "n_predict"),
    ])
    func badInputIsRefused(fields: String, field: String) async throws {
        let reply = try await infill(fields, ScriptedGenerator(models: [Self.model]))
        #expect(reply.status == 400)
        #expect(try reply.error?.param == .string(field))
    }

    @Test func otherModelsCannot() async throws {
        let some = Self.model(["<|fim_prefix|>", "<|fim_suffix|>"])
        for model in [ServedModel.chat, some] {
            let reply = try await infill(
                #""input_prefix": "a", "input_suffix": "b""#, ScriptedGenerator(models: [model]))
            #expect(reply.status == 400)
            #expect(try reply.error?.code == "no_fill_in_the_middle")
        }
    }

    @Test func completionsTakeASuffix() async throws {
        let generator = ScriptedGenerator(models: [Self.model])
        func complete(_ fields: String) async throws -> Reply {
            try await ask(generator, .post, "/v1/completions", "{\(fields)}")
        }
        #expect(try await complete(#""prompt": ["a", "b"], "suffix": "c""#).status == 200)
        #expect(
            try await ask(generator, .post, "/api/generate", #"{"prompt": "a", "suffix": "c"}"#).status == 200)
        #expect(
            prompts(generator) == ["a", "b", "a"].map { "<begin><|fim_prefix|>\($0)<|fim_suffix|>c<|fim_middle|>" })
        #expect(generator.requests.allSatisfy { $0.stop == ["<|file_sep|>"] && $0.shownTokens == [261] })
        let reply = try await complete(#""prompt": [1, 2], "suffix": "c""#)
        #expect(reply.status == 400)
        #expect(try reply.error?.param == "suffix")
    }
}
