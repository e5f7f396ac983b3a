import Engine
import HTTPTypes
import Testing
import Transformer

@Suite struct ChatTests {
    @Test func answerHasTheShapeOfOpenAI() async throws {
        let reply = try await chat(#""temperature": 0"#)
        #expect(reply.status == 200)
        #expect(reply.headers[.contentType] == "application/json")
        let answer = try reply.json
        #expect(answer.id?.asText?.hasPrefix("chatcmpl-") == true)
        #expect(answer.object == "chat.completion")
        #expect(answer.model == "tiny")
        #expect(answer.system_fingerprint == "weft-0.0.1")
        #expect(answer.created != nil)
        let choice = answer.choices?[0]
        #expect(choice?.index == 0)
        #expect(choice?.message?.role == "assistant")
        #expect(choice?.message?.content == "Hello you")
        #expect(choice?.finish_reason == "stop")
        #expect(choice?.logprobs == .null)
    }

    @Test func usageCountsThePromptOnceForAllChoices() async throws {
        let generator = ScriptedGenerator()
        let usage = try await chat(#""n": 3"#, generator).json.usage
        let prompt = try #require(generator.requests.first).prompt.count
        #expect(usage?.prompt_tokens == .number(Double(prompt)))
        #expect(usage?.completion_tokens == 9)
        #expect(usage?.total_tokens == .number(Double(prompt + 9)))
        #expect(usage?.prompt_tokens_details?.cached_tokens == 2)
    }

    @Test func fieldsReachTheEngine() async throws {
        let generator = ScriptedGenerator()
        _ = try await chat(
            #""max_tokens": 9, "max_completion_tokens": 7, "min_tokens": 2, "ignore_eos": true, "stop": ["a", "b"], "#
                + #""temperature": 0.5, "top_p": 0.25, "top_k": 4, "min_p": 0.125, "repeat_penalty": 1.5, "#
                + #""presence_penalty": -1, "frequency_penalty": 1, "logit_bias": {"65": -100}, "seed": 5, "#
                + #""user": "me", "unheard_of": {"a": [1]}, "tools": [], "response_format": {"type": "text"}"#,
            generator)
        let request = try #require(generator.requests.first)
        #expect(request.model == "tiny")
        #expect(request.maxTokens == 7)
        #expect(request.minTokens == 2)
        #expect(request.ignoresEndOfText)
        #expect(request.stop == ["a", "b"])
        #expect(request.sampling.temperature == 0.5)
        #expect(request.sampling.topP == 0.25)
        #expect(request.sampling.topK == 4)
        #expect(request.sampling.minP == 0.125)
        #expect(request.sampling.repetitionPenalty == 1.5)
        #expect(request.sampling.presencePenalty == -1)
        #expect(request.sampling.frequencyPenalty == 1)
        #expect(request.sampling.logitBias == [65: -100])
        #expect(request.sampling.seed == 5)
        #expect(request.topLogprobs == nil)
    }

    @Test func absentAndNullFieldsMeanOpenAIDefaults() async throws {
        let generator = ScriptedGenerator()
        _ = try await chat(
            #""stop": null, "temperature": null, "top_k": -1, "max_tokens": null, "seed": null, "n": null"#, generator)
        let request = try #require(generator.requests.first)
        #expect(request.sampling.temperature == 1)
        #expect(request.sampling.topP == 1)
        #expect(request.sampling.topK == nil)
        #expect(request.sampling.seed == nil)
        #expect(request.maxTokens == nil)
        #expect(request.stop.isEmpty)
    }

    @Test func choicesOfASeedHaveSeedsOfTheirOwn() async throws {
        let generator = ScriptedGenerator()
        let answer = try await chat(#""n": 3, "seed": -2, "stop": "x""#, generator).json
        #expect(generator.requests.map(\.sampling.seed) == [UInt64.max - 1, UInt64.max, 0])
        #expect(generator.requests.map(\.stop) == [["x"], ["x"], ["x"]])
        #expect(answer.choices?.elements?.compactMap(\.index) == [0, 1, 2])
    }

    @Test(arguments: [
        #"{"role": "user", "content": "what"}"#,
        #"{"role": "user", "content": [{"type": "text", "text": "wh"}, {"type": "text", "text": "at"}]}"#,
        #"{"role": "developer", "content": "what"}"#,
        #"{"role": "assistant", "content": null}, {"role": "user", "content": "what"}"#,
    ])
    func contentMayComeInParts(messages: String) async throws {
        let generator = ScriptedGenerator()
        let reply = try await ask(
            generator, .post, "/v1/chat/completions", #"{"model": "tiny", "messages": [\#(messages)]}"#)
        #expect(reply.status == 200)
        let prompt = ByteTokenizer.text(try #require(generator.requests.first).prompt)
        #expect(prompt.replacing("\n", with: "").contains("what"))
        #expect(!prompt.contains("developer"))
        #expect(!prompt.contains("<begin>"))
    }

    @Test func logprobsNameTokensTextsAndBytes() async throws {
        let generator = ScriptedGenerator(Script(texts: ["A", "\u{e9}"]))
        let logprobs = try await chat(#""logprobs": true, "top_logprobs": 2"#, generator).json.choices?[0]?.logprobs
        let first = logprobs?.content?[0]
        #expect(first?.token == "A")
        #expect(first?.bytes == [65])
        #expect(first?.logprob == -9999)
        #expect(first?.top_logprobs?.elements?.compactMap(\.token) == ["A", "B"])
        #expect(first?.top_logprobs?[1]?.logprob == -1.5)
        #expect(logprobs?.content?[1]?.token == "\u{fffd}")
        #expect(logprobs?.content?[1]?.bytes == [195])
        #expect(logprobs?.refusal == .null)
    }

    @Test func logprobsWithoutAlternativesAreEmptyLists() async throws {
        let generator = ScriptedGenerator()
        let answer = try await chat(#""logprobs": true"#, generator).json
        #expect(answer.choices?[0]?.logprobs?.content?[0]?.top_logprobs == [])
        #expect(generator.requests.first?.topLogprobs == 0)
    }

    @Test func lengthIsReported() async throws {
        let answer = try await chat("", ScriptedGenerator(Script(reason: .length))).json
        #expect(answer.choices?[0]?.finish_reason == "length")
    }

    @Test func aBaseModelCannotChat() async throws {
        let generator = ScriptedGenerator(models: [.base])
        let reply = try await ask(
            generator, .post, "/v1/chat/completions", #"{"messages": [{"role": "user", "content": "x"}]}"#)
        #expect(reply.status == 400)
        #expect(try reply.error?.code == "no_chat_template")
    }
}
