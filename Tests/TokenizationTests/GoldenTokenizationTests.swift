import Chat
import Quantities
import Testing
import Tokenization

@Suite struct GoldenTokenizationTests {
    struct Golden: Decodable {
        struct Case: Decodable {
            let text: String
            let ids: [TokenID]
        }
        struct Prompt: Decodable {
            let name: String
            let prompt: String
            let promptIDs: [TokenID]

            enum CodingKeys: String, CodingKey {
                case name, prompt
                case promptIDs = "prompt_ids"
            }
        }
        let tokenization: [Case]
        let prompts: [Prompt]
    }

    @Test func `Texts become the tokens of llama.cpp`() throws {
        let tokenizer = try SmolLM2.tokenizer
        let golden = try Resources.json("smollm2-135m-instruct.json", as: Golden.self)
        #expect(golden.tokenization.count == 27)
        for sample in golden.tokenization {
            let tokens = tokenizer.encode(sample.text, parsesSpecial: true, addsSpecial: false)
            #expect(tokens == sample.ids, "\(sample.text.debugDescription)")
            let bytes = tokens.flatMap { tokenizer.bytes(of: $0, rendersSpecial: true) }
            #expect(bytes == Array(sample.text.utf8))
        }
    }

    @Test func `Prompts become the tokens of llama.cpp`() throws {
        let tokenizer = try SmolLM2.tokenizer
        for prompt in try Resources.json("smollm2-135m-instruct.json", as: Golden.self).prompts {
            let tokens = tokenizer.encode(prompt.prompt, parsesSpecial: true, addsSpecial: true)
            #expect(tokens == prompt.promptIDs, "\(prompt.name)")
        }
    }

    @Test func `SmolLM2's own template gives its golden prompt`() throws {
        let template = try ChatTemplate(source: SmolLM2.chatTemplate, beginningOfText: "", endOfText: "")
        let golden = try Resources.json("smollm2-135m-instruct.json", as: Golden.self)
        let prompt = try #require(golden.prompts.first { $0.name == "chat_gravity" })
        let question = ChatMessage(role: "user", content: "What is gravity? Answer in two sentences.")
        let text = try template.render(ChatPrompt([question]))
        #expect(text == prompt.prompt)
        let tokens = try SmolLM2.tokenizer.encode(text, parsesSpecial: true, addsSpecial: false)
        #expect(tokens == prompt.promptIDs)
    }

    @Test func `The end of a text is known by role and by name`() throws {
        let tokenizer = try SmolLM2.tokenizer
        #expect(tokenizer.endOfTextTokens == [0, 2])
        #expect(tokenizer.vocabularySize == 49152)
    }

    @Test func `Special text stays text where it is not parsed`() throws {
        let tokenizer = try SmolLM2.tokenizer
        let tokens = tokenizer.encode("<|im_start|>x", parsesSpecial: false, addsSpecial: false)
        #expect(!tokens.contains(1))
        #expect(tokens.flatMap { tokenizer.bytes(of: $0, rendersSpecial: false) } == Array("<|im_start|>x".utf8))
    }

    @Test func `Control tokens have no text unless asked for`() throws {
        let tokenizer = try SmolLM2.tokenizer
        #expect(tokenizer.bytes(of: 2, rendersSpecial: false).isEmpty)
        #expect(tokenizer.bytes(of: 2, rendersSpecial: true) == Array("<|im_end|>".utf8))
        for token: TokenID in [-1, 49152, .min, .max] {
            #expect(tokenizer.bytes(of: token, rendersSpecial: true).isEmpty)
        }
    }

    @Test func `One word of half a megabyte is no trap`() throws {
        let tokenizer = try SmolLM2.tokenizer
        let word = String(repeating: "abcdefgh", count: 1 << 16)
        let tokens = tokenizer.encode(word, parsesSpecial: true, addsSpecial: false)
        #expect(tokens.reduce(0) { $0 + tokenizer.bytes(of: $1, rendersSpecial: false).count } == 1 << 19)
    }
}
