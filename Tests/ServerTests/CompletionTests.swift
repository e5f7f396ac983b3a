import Engine
import Testing

@Suite struct CompletionTests {
    @Test func answerHasTheShapeOfOpenAI() async throws {
        let answer = try await complete(#""prompt": "ab""#).json
        #expect(answer.id?.asText?.hasPrefix("cmpl-") == true)
        #expect(answer.object == "text_completion")
        let choice = answer.choices?[0]
        #expect(choice?.text == "Hello you")
        #expect(choice?.index == 0)
        #expect(choice?.finish_reason == "stop")
        #expect(choice?.logprobs == .null)
        #expect(answer.usage?.prompt_tokens == 3)
        #expect(answer.usage?.total_tokens == 6)
    }

    @Test(arguments: [
        (#""ab""#, ["<begin>ab"]),
        (#"["ab", "c<end>"]"#, ["<begin>ab", "<begin>c<end>"]),
        ("[97, 98]", ["ab"]),
        ("[[97], [98, 256]]", ["a", "b<end>"]),
    ])
    func promptMayBeTextsOrTokens(prompt: String, expected: [String]) async throws {
        let generator = ScriptedGenerator()
        let answer = try await complete(#""prompt": \#(prompt), "n": 2"#, generator).json
        #expect(generator.requests.map { ByteTokenizer.text($0.prompt) } == expected.flatMap { [$0, $0] })
        #expect(answer.choices?.elements?.count == expected.count * 2)
        let promptTokens = generator.requests.map(\.prompt.count).reduce(0, +) / 2
        #expect(answer.usage?.prompt_tokens == .number(Double(promptTokens)))
    }

    @Test func defaultsToSixteenTokens() async throws {
        let generator = ScriptedGenerator()
        _ = try await complete(#""prompt": "a""#, generator)
        #expect(generator.requests.first?.maxTokens == 16)
    }

    @Test func echoRepeatsThePrompt() async throws {
        let answer = try await complete(#""prompt": [[97], [98, 256]], "echo": true"#).json
        #expect(answer.choices?.elements?.compactMap(\.text?.asText) == ["aHello you", "b<end>Hello you"])
    }

    @Test func logprobsAreParallelLists() async throws {
        let logprobs = try await complete(#""prompt": "a", "logprobs": 2"#).json.choices?[0]?.logprobs
        #expect(logprobs?.tokens == ["H", "l", " "])
        #expect(logprobs?.token_logprobs == [-9999, -9999, -9999])
        #expect(logprobs?.text_offset == [0, 3, 5])
        #expect(logprobs?.top_logprobs?[0] == .object(["H": -0.5, "I": -1.5]))
    }

    @Test func bestOfMayEqualN() async throws {
        #expect(try await complete(#""prompt": "a", "best_of": 2, "n": 2, "suffix": null"#).status == 200)
    }
}
