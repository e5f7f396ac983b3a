import HTTPTypes
import Testing

@Suite struct TokenizeTests {
    private func tokenize(_ body: String) async throws -> Reply {
        try await ask(.init(), .post, "/tokenize", body)
    }

    @Test func textBecomesTokens() async throws {
        #expect(try await tokenize(#"{"content": "ab<end>"}"#).json.tokens == [97, 98, 256])
        #expect(try await tokenize(#"{"content": ""}"#).json.tokens == [])
    }

    @Test func specialTokensFollowTheFlags() async throws {
        #expect(try await tokenize(#"{"content": "a", "add_special": true}"#).json.tokens == [257, 97])
        let literal = try await tokenize(#"{"content": "<end>", "parse_special": false}"#).json.tokens
        #expect(literal == [60, 101, 110, 100, 62])
    }

    @Test func piecesAreTextOrBytes() async throws {
        let tokens = try await tokenize(#"{"content": "aé", "with_pieces": true}"#).json.tokens
        #expect(tokens?[0] == .object(["id": 97, "piece": "a"]))
        #expect(tokens?[1] == .object(["id": 195, "piece": [195]]))
    }

    @Test func tokensBecomeText() async throws {
        let reply = try await ask(.init(), .post, "/detokenize", #"{"tokens": [97, 256, 195]}"#)
        #expect(try reply.json.content == "a<end>\u{fffd}")
    }

    @Test func severalModelsMustBeNamed() async throws {
        let generator = ScriptedGenerator(models: [.chat, .base])
        let unnamed = try await ask(generator, .post, "/tokenize", #"{"content": "a"}"#)
        #expect(unnamed.status == 400)
        #expect(try unnamed.error?.param == "model")
        let named = try await ask(generator, .post, "/tokenize", #"{"content": "a", "model": "lab/base model"}"#)
        #expect(named.status == 200)
    }

    @Test(arguments: [
        ("/tokenize", "{}", "content"), ("/tokenize", #"{"content": 5}"#, "content"),
        ("/detokenize", "{}", "tokens"), ("/detokenize", #"{"tokens": ["a"]}"#, "tokens[0]"),
        ("/detokenize", #"{"tokens": [97, 258]}"#, "tokens[1]"), ("/detokenize", #"{"tokens": [-1]}"#, "tokens[0]"),
        ("/detokenize", #"{"tokens": [1.5]}"#, "tokens"),
    ])
    func wrongBodiesAreRefused(path: String, body: String, field: String) async throws {
        let reply = try await ask(.init(), .post, path, body)
        #expect(reply.status == 400)
        #expect(try reply.error?.param == .string(field))
    }
}
