import Engine
import HTTPTypes
import Server
import Testing

@Suite struct StreamTests {
    @Test func eventsFollowTheRulesOfTheWire() async throws {
        let reply = try await chat(#""stream": true"#)
        #expect(reply.status == 200)
        #expect(reply.headers[.contentType] == "text/event-stream")
        #expect(reply.events.last == "[DONE]")
        #expect(reply.text.hasSuffix("data: [DONE]\n\n"))
        let chunks = try reply.chunks
        #expect(chunks.count == 4)
        #expect(Set(chunks.compactMap(\.id?.asText)).count == 1)
        for chunk in chunks {
            #expect(chunk.object == "chat.completion.chunk")
            #expect(chunk.model == "tiny")
            #expect(chunk.created != nil)
            #expect(chunk.choices?.elements?.count == 1)
            #expect(chunk.choices?[0]?.keys == ["index", "delta", "logprobs", "finish_reason"])
        }
        #expect(chunks.compactMap(\.choices?[0]?.delta?.content?.asText) == ["Hel", "lo", " you"])
    }

    @Test func roleComesWithTheFirstTokenOnly() async throws {
        let deltas = try await chat(#""stream": true"#).chunks.compactMap(\.choices?[0]?.delta)
        #expect(deltas[0].role == "assistant")
        #expect(deltas[0].content == "Hel")
        #expect(deltas.dropFirst().allSatisfy { $0.role == nil })
    }

    @Test func finishReasonIsNullUntilTheLast() async throws {
        let reasons = try await chat(#""stream": true"#).chunks.compactMap(\.choices?[0]?.finish_reason)
        #expect(reasons == [.null, .null, .null, "stop"])
    }

    @Test func usageComesLastAndWithoutChoices() async throws {
        let chunks = try await chat(#""stream": true, "stream_options": {"include_usage": true}"#).chunks
        let last = try #require(chunks.last)
        #expect(last.choices == [])
        #expect(last.usage?.completion_tokens == 3)
        #expect(last.usage?.prompt_tokens_details?.cached_tokens == 2)
        #expect(chunks.dropLast().allSatisfy { $0.usage == nil })
    }

    @Test func usageIsNotSentUnasked() async throws {
        let chunks = try await chat(#""stream": true, "stream_options": {"include_usage": false}"#).chunks
        #expect(chunks.allSatisfy { $0.choices != [] && $0.usage == nil })
    }

    @Test func anEmptyAnswerStillHasARole() async throws {
        let chunks = try await chat(#""stream": true"#, ScriptedGenerator(Script(texts: []))).chunks
        #expect(chunks.count == 1)
        #expect(chunks[0].choices?[0]?.delta?.role == "assistant")
        #expect(chunks[0].choices?[0]?.delta?.content == "")
        #expect(chunks[0].choices?[0]?.finish_reason == "stop")
    }

    @Test func choicesAreStreamedSideBySide() async throws {
        let reply = try await chat(#""stream": true, "n": 2, "stream_options": {"include_usage": true}"#)
        for index in 0..<2 {
            let own = try reply.chunks.compactMap { $0.choices?[0] }.filter { $0.index == .number(Double(index)) }
            #expect(own.compactMap(\.delta?.content?.asText).joined() == "Hello you")
            #expect(own.first?.delta?.role == "assistant")
            #expect(own.compactMap(\.finish_reason) == [.null, .null, .null, "stop"])
        }
        #expect(try reply.chunks.last?.usage?.completion_tokens == 6)
        #expect(reply.events.filter { $0 == "[DONE]" }.count == 1)
    }

    @Test func aFailureMidStreamIsAnErrorEvent() async throws {
        let generator = ScriptedGenerator(
            Script(failure: .unitFailed(unit: "unit0", model: "tiny", reason: "device lost")))
        let reply = try await chat(#""stream": true"#, generator)
        #expect(reply.status == 200)
        #expect(!reply.events.contains("[DONE]"))
        let last = try #require(try reply.chunks.last)
        #expect(last.error?.message?.asText?.contains("device lost") == true)
        #expect(last.keys == ["error"])
    }

    @Test func aFailureCancelsTheOtherChoices() async throws {
        let generator = ScriptedGenerator(Script(failure: .unitFailed(unit: "unit0", model: "tiny", reason: "x")))
        _ = try await chat(#""stream": true, "n": 4"#, generator)
        #expect(generator.requests.count == 4)
        #expect(generator.running == 0)
    }

    @Test(.timeLimit(.minutes(10))) func quietStreamsGetComments() async throws {
        try await serving(ScriptedGenerator(.held)) {
            $0.keepAliveInterval = .milliseconds(20)
        } _: { port, _ in
            try await Wire.open(port) { wire in
                try await wire.post("/v1/completions", #"{"prompt": "a", "stream": true}"#)
                try await wire.read(until: ": ping\n\n\r\n")
                wire.forget()
                try await wire.read(until: ": ping\n\n\r\n")
                #expect(!wire.received.contains("data"))
            }
        }
    }

    @Test func completionsAreStreamedToo() async throws {
        let reply = try await complete(#""prompt": "ab", "stream": true, "echo": true"#)
        let chunks = try reply.chunks
        #expect(chunks.compactMap(\.choices?[0]?.text?.asText) == ["abHel", "lo", " you", ""])
        #expect(chunks.compactMap(\.choices?[0]?.finish_reason) == [.null, .null, .null, "stop"])
        #expect(chunks.allSatisfy { $0.object == "text_completion" && $0.choices?[0]?.logprobs == .null })
        #expect(reply.events.last == "[DONE]")
    }

    @Test func streamedLogprobsCountTheTextBeforeThem() async throws {
        let chunks = try await complete(#""prompt": "ab", "stream": true, "logprobs": 1"#).chunks
        let logprobs = chunks.dropLast().compactMap(\.choices?[0]?.logprobs)
        #expect(logprobs.compactMap(\.text_offset?[0]) == [0, 3, 5])
        #expect(logprobs.compactMap(\.tokens?[0]) == ["H", "l", " "])
    }
}
