import Engine
import HTTPTypes
import Server
import Testing

/// `/v1/responses`.
@Suite struct ResponsesTests {
    private static let call = #"<tool_call>{"name": "get_weather", "arguments": {"city": "Bern"}}</tool_call>"#
    private static let tools = #""tools": [{"type": "function", "name": "get_weather"}, {"type": "web_search"}]"#

    private func ask(_ fields: String, _ generator: ScriptedGenerator) async throws -> Reply {
        try await ServerTests.ask(generator, .post, "/v1/responses", "{\(fields)}", headers: [:])
    }

    @Test func anAnswerIsItems() async throws {
        let generator = ToolTests.saying("<think>Hm.</think>I see." + Self.call)
        let answer = try await ask(
            #""input": "hi", "instructions": "Be brief.", "store": false, \#(Self.tools)"#, generator
        ).json
        #expect(answer.object == "response")
        #expect(answer.status == "completed")
        #expect(answer.error == .null)
        #expect(answer.output?.elements?.compactMap(\.type) == ["reasoning", "message", "function_call"])
        #expect(answer.output?[0]?.content?[0]?.text == "Hm.")
        #expect(answer.output?[1]?.content?[0]?.type == "output_text")
        #expect(answer.output?[1]?.content?[0]?.text == "I see.")
        #expect(answer.output?[1]?.role == "assistant")
        #expect(answer.output?[2]?.name == "get_weather")
        #expect(answer.output?[2]?.call_id?.asText?.count == 9)
        #expect(answer.output?[2]?.arguments == #"{"city": "Bern"}"#)
        #expect(answer.usage?.output_tokens == .number(Double(generator.scriptedTokens)))
        #expect(answer.usage?.output_tokens_details?.reasoning_tokens == 2)
        let prompt = ByteTokenizer.text(try #require(generator.requests.first).prompt)
        #expect(prompt.contains("system: Be brief.") && prompt.contains("user: hi"))
        #expect(!prompt.contains("web_search"))
    }

    @Test func aStreamHasNumberedEvents() async throws {
        let generator = ToolTests.saying("<think>Hm.</think>I see." + Self.call)
        let reply = try await ask(#""input": "hi", "stream": true, \#(Self.tools)"#, generator)
        let events = try reply.namedEvents
        #expect(events.allSatisfy { $0.data.type == .string($0.name) })
        #expect(events.compactMap(\.data.sequence_number) == events.indices.map { .number(Double($0)) })
        #expect(events.prefix(2).map(\.name) == ["response.created", "response.in_progress"])
        #expect(events.last?.name == "response.completed")
        #expect(events.last?.data.response?.output?.elements?.count == 3)
        let added = events.filter { $0.name == "response.output_item.added" }.map(\.data)
        #expect(added.compactMap(\.item?.type) == ["reasoning", "message", "function_call"])
        #expect(added.compactMap(\.output_index) == [0, 1, 2])
        func deltas(_ kind: String) -> String {
            events.filter { $0.name == "response.\(kind).delta" }.compactMap(\.data.delta?.asText).joined()
        }
        #expect(deltas("reasoning_text") == "Hm.")
        #expect(deltas("output_text") == "I see.")
        #expect(deltas("function_call_arguments") == #"{"city": "Bern"}"#)
        let done = events.filter { $0.name == "response.output_item.done" }.map(\.data)
        #expect(done.compactMap(\.item) == events.last?.data.response?.output?.elements)
        #expect(!reply.text.contains("[DONE]"))
    }

    @Test func itemsReachTheTemplate() async throws {
        let generator = ToolTests.saying("x", reason: .length)
        let answer = try await ask(
            #""max_output_tokens": 1, "input": [{"role": "developer", "content": "Be brief."}, {"type": "message", "role": "#
                + #""user", "content": [{"type": "input_text", "text": "hi"}]}, {"type": "reasoning", "summary": [], "#
                + #""content": [{"type": "reasoning_text", "text": "Hm."}]}, {"type": "function_call", "call_id": "c1", "#
                + #""name": "get_weather", "arguments": "{\"city\": \"Bern\"}"}, {"type": "function_call_output", "#
                + #""call_id": "c1", "output": "rain"}]"#, generator
        ).json
        #expect(answer.status == "incomplete")
        #expect(answer.incomplete_details?.reason == "max_output_tokens")
        let request = try #require(generator.requests.first)
        let prompt = ByteTokenizer.text(request.prompt)
        let call = #"<tool_call>{"name": "get_weather", "arguments": {"city": "Bern"}}</tool_call>"#
        for part in ["system: Be brief.", "user: hi", "<think>Hm.</think>", call, "tool: rain"] {
            #expect(prompt.contains(part), "\(part)")
        }
        #expect(request.maxTokens == 1)
    }

    @Test(arguments: [
        (#""input": "hi", "previous_response_id": "resp_1""#, "previous_response_id"),
        (#""input": "hi", "conversation": "c""#, "conversation"), (#""input": "hi", "background": true"#, "background"),
        (#""store": true"#, "input"), (#""input": [{"type": "item_reference"}]"#, "input[0].type"),
        (#""input": [{"role": "user", "content": [{"type": "input_image"}]}]"#, "input[0].content[0]"),
        (#""input": "hi", "tool_choice": "required""#, "tool_choice"),
    ])
    func whatNeedsAMemoryIsRefused(fields: String, param: String) async throws {
        let reply = try await ask(fields, ToolTests.saying("x"))
        #expect(reply.status == 400)
        #expect(try reply.error?.param == .string(param))
    }

    @Test func aFailureMidStreamIsAnErrorEvent() async throws {
        let generator = ScriptedGenerator(
            Script(failure: .unitFailed(unit: "unit0", model: "tools", reason: "device lost")), models: [.tools])
        let reply = try await ask(#""input": "hi", "stream": true"#, generator)
        #expect(try reply.namedEvents.last?.name == "error")
        #expect(try reply.namedEvents.last?.data.message?.asText?.contains("device lost") == true)
    }
}
