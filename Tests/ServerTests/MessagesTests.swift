import Engine
import HTTPTypes
import Server
import Testing
import Transformer

/// `/v1/messages`: Anthropic's API.
@Suite struct MessagesTests {
    private static let call = #"<tool_call>{"name": "get_weather", "arguments": {"city_name": "Bern"}}</tool_call>"#
    private static let tools =
        #""tools": [{"name": "get_weather", "description": "Tells the weather.", "input_schema": {"type": "object", "#
        + #""properties": {"city_name": {"type": "string"}}}}, {"type": "web_search_20250305", "name": "web_search"}]"#

    private func ask(_ fields: String, _ generator: ScriptedGenerator, path: String = "/v1/messages") async throws
        -> Reply
    {
        try await ServerTests.ask(generator, .post, path, "{\(fields)}", headers: [:])
    }

    private static let hi = #""max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]"#

    @Test func anAnswerIsBlocks() async throws {
        let generator = ToolTests.saying("<think>Hm.</think>I see." + Self.call)
        let answer = try await ask("\(Self.hi), \(Self.tools)", generator).json
        #expect(answer.type == "message")
        #expect(answer.role == "assistant")
        #expect(answer.model == "tools")
        #expect(answer.id?.asText?.hasPrefix("msg_") == true)
        #expect(answer.stop_reason == "tool_use")
        #expect(answer.stop_sequence == .null)
        #expect(answer.content?.elements?.compactMap(\.type) == ["thinking", "text", "tool_use"])
        #expect(answer.content?[0]?.thinking == "Hm.")
        #expect(answer.content?[1]?.text == "I see.")
        #expect(answer.content?[2]?.name == "get_weather")
        #expect(answer.content?[2]?.input == .object(["city_name": "Bern"]))
        let prompt = try #require(generator.requests.first).prompt.count
        #expect(answer.usage?.input_tokens == .number(Double(prompt - 2)))
        #expect(answer.usage?.cache_read_input_tokens == 2)
        #expect(generator.requests.first?.maxTokens == 50)
    }

    @Test func aStreamHasAnthropicsEvents() async throws {
        let generator = ToolTests.saying("<think>Hm.</think>I see." + Self.call)
        let reply = try await ask(#"\#(Self.hi), \#(Self.tools), "stream": true"#, generator)
        let events = try reply.namedEvents.filter { $0.name != "ping" }
        #expect(events.allSatisfy { $0.data.type == .string($0.name) })
        #expect(events.first?.name == "message_start")
        #expect(events.first?.data.message?.content == [])
        #expect(events.first?.data.message?.usage?.input_tokens == .number(Double(generator.requests[0].prompt.count)))
        #expect(events.suffix(2).map(\.name) == ["message_delta", "message_stop"])
        #expect(events[events.count - 2].data.delta?.stop_reason == "tool_use")
        #expect(events[events.count - 2].data.delta?.keys == ["stop_reason", "stop_sequence"])
        #expect(events[events.count - 2].data.usage?.output_tokens == .number(Double(generator.scriptedTokens)))
        let starts = events.filter { $0.name == "content_block_start" }.map(\.data)
        #expect(starts.compactMap(\.index) == [0, 1, 2])
        #expect(starts.compactMap(\.content_block?.type) == ["thinking", "text", "tool_use"])
        #expect(events.filter { $0.name == "content_block_stop" }.compactMap(\.data.index) == [0, 1, 2])
        let deltas = events.filter { $0.name == "content_block_delta" }.map(\.data)
        #expect(deltas.compactMap(\.delta?.thinking?.asText).joined() == "Hm.")
        #expect(deltas.compactMap(\.delta?.text?.asText).joined() == "I see.")
        #expect(deltas.compactMap(\.delta?.partial_json?.asText).joined() == #"{"city_name": "Bern"}"#)
        #expect(!reply.text.contains("[DONE]"))
    }

    @Test func aConversationReachesTheTemplate() async throws {
        let generator = ToolTests.saying("x", reason: .length)
        let answer = try await ask(
            #""max_tokens": 5, "system": [{"type": "text", "text": "Be brief."}], "stop_sequences": ["END"], "top_k": 3, "#
                + #""messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}, {"role": "assistant", "#
                + #""content": [{"type": "thinking", "thinking": "Hm.", "signature": ""}, {"type": "tool_use", "id": "t1", "#
                + #""name": "get_weather", "input": {"city": "Bern"}}]}, {"role": "user", "content": [{"type": "#
                + #""tool_result", "tool_use_id": "t1", "content": "rain"}, {"type": "text", "text": "And now?"}]}]"#,
            generator
        ).json
        #expect(answer.stop_reason == "max_tokens")
        let request = try #require(generator.requests.first)
        let prompt = ByteTokenizer.text(request.prompt)
        let parts = [
            "system: Be brief.", "user: hi", "<think>Hm.</think>",
            #"<tool_call>{"name": "get_weather", "arguments": {"city": "Bern"}}</tool_call>"#, "tool: rain",
            "user: And now?",
        ]
        let places = parts.compactMap { prompt.firstRange(of: $0)?.lowerBound }
        #expect(places.count == parts.count && places == places.sorted())
        #expect(request.stop == ["END"])
        #expect(request.sampling.topK == 3)
    }

    @Test func tokensAreCounted() async throws {
        let generator = ToolTests.saying("x")
        let count = try await ask(
            #""messages": [{"role": "user", "content": "hi"}]"#, generator, path: "/v1/messages/count_tokens")
        _ = try await ask(Self.hi, generator)
        #expect(try count.json.input_tokens == .number(Double(generator.requests[0].prompt.count)))
        #expect(generator.requests.count == 1)
    }

    @Test(arguments: [
        (#""messages": [{"role": "user", "content": "hi"}]"#, 400, "invalid_request_error"),
        (#""max_tokens": 5, "messages": []"#, 400, "invalid_request_error"),
        (#""max_tokens": 5, "messages": [{"role": "tool", "content": "x"}]"#, 400, "invalid_request_error"),
        (
            #""max_tokens": 5, "messages": [{"role": "user", "content": [{"type": "image"}]}]"#, 400,
            "invalid_request_error"
        ),
        (#"\#(hi), "tool_choice": {"type": "any"}"#, 400, "invalid_request_error"),
        (#"\#(hi), "tool_choice": {"type": "some"}"#, 400, "invalid_request_error"),
        (#"\#(hi), "model": "no-such-model""#, 404, "not_found_error"),
    ])
    func errorsHaveAnthropicsShape(fields: String, status: Int, type: String) async throws {
        let reply = try await ask(fields, ToolTests.saying("x"))
        #expect(reply.status == status)
        #expect(try reply.json.type == "error")
        #expect(try reply.error?.type == .string(type))
        #expect(try reply.error?.message?.asText?.isEmpty == false)
    }

    @Test func aFailureMidStreamIsAnErrorEvent() async throws {
        let generator = ScriptedGenerator(
            Script(failure: .unitFailed(unit: "unit0", model: "tools", reason: "device lost")), models: [.tools])
        let reply = try await ask(#"\#(Self.hi), "stream": true"#, generator)
        let last = try #require(try reply.namedEvents.last)
        #expect(last.name == "error")
        #expect(last.data.error?.type == "overloaded_error")
    }
}
