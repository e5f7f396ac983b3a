import Engine
import Grammar
import HTTPTypes
import Server
import Testing

/// Tools and reasoning in `/v1/chat/completions`.
@Suite struct ToolTests {
    private static let call = #"<tool_call>{"name": "get_weather", "arguments": {"city": "Bern"}}</tool_call>"#
    static let tools =
        #""tools": [{"type": "function", "function": {"name": "get_weather", "description": "Tells the weather.", "#
        + #""parameters": {"type": "object", "properties": {"zone": {"type": "string"}, "city": {"type": "string"}}}}}]"#

    /// Says `text` in pieces of three characters.
    static func saying(_ text: String, reason: FinishReason = .stop) -> ScriptedGenerator {
        ScriptedGenerator(script(text, reason: reason), models: [.tools])
    }

    static func script(_ text: String, reason: FinishReason = .stop) -> Script {
        var script = Script(texts: [], reason: reason)
        var rest = Substring(text)
        while !rest.isEmpty {
            script.texts.append(String(rest.prefix(3)))
            rest = rest.dropFirst(3)
        }
        return script
    }

    private func ask(_ fields: String, _ generator: ScriptedGenerator) async throws -> Reply {
        try await ServerTests.ask(
            generator, .post, "/v1/chat/completions",
            #"{"messages": [{"role": "user", "content": "hi"}], \#(fields)}"#)
    }

    @Test func aCallIsNoText() async throws {
        let answer = try await ask(Self.tools, Self.saying("<think>Hm.</think>\n" + Self.call)).json
        let choice = answer.choices?[0]
        #expect(choice?.finish_reason == "tool_calls")
        #expect(choice?.message?.content == .null)
        #expect(choice?.message?.reasoning_content == "Hm.")
        let call = choice?.message?.tool_calls?[0]
        #expect(call?.type == "function")
        #expect(call?.id?.asText?.count == 9)
        #expect(call?.function?.name == "get_weather")
        #expect(call?.function?.arguments == #"{"city": "Bern"}"#)
        #expect(call?.index == nil)
        #expect(answer.usage?.completion_tokens_details?.reasoning_tokens == 2)
    }

    @Test func callsAreStreamedAsOpenAIDoes() async throws {
        let generator = Self.saying("<think>Hm.</think>I see. " + Self.call + Self.call)
        let reply = try await ask(Self.tools + #", "stream": true"#, generator)
        let choices = try reply.chunks.compactMap { $0.choices?[0] }
        #expect(choices.compactMap(\.finish_reason).last == "tool_calls")
        #expect(choices.dropLast().allSatisfy { $0.finish_reason == .null })
        #expect(choices[0].delta?.role == "assistant")
        #expect(choices.compactMap(\.delta?.reasoning_content?.asText).joined() == "Hm.")
        #expect(choices.compactMap(\.delta?.content?.asText).joined() == "I see.")
        let pieces = choices.flatMap { $0.delta?.tool_calls?.elements ?? [] }
        for index in 0..<2 {
            let own = pieces.filter { $0.index == .number(Double(index)) }
            #expect(own.first?.type == "function")
            #expect(own.first?.function?.name == "get_weather")
            #expect(own.first?.id?.asText?.count == 9)
            #expect(own.dropFirst().allSatisfy { $0.id == nil && $0.function?.name == nil && $0.type == nil })
            #expect(own.compactMap(\.function?.arguments?.asText).joined() == #"{"city": "Bern"}"#)
            #expect(own.count > 3)
        }
        // Each token is a chunk, as clients count them.
        #expect(choices.count == generator.scriptedTokens + 1)
    }

    @Test func toolsReachTheTemplateInTheirOrder() async throws {
        let generator = Self.saying("x")
        _ = try await ask(
            Self.tools + #", "chat_template_kwargs": {"style": "brief"}, "reasoning_effort": "high""#, generator)
        let prompt = ByteTokenizer.text(try #require(generator.requests.first).prompt)
        #expect(prompt.contains(#""properties": {"zone": {"type": "string"}, "city": {"type": "string"}}"#))
        #expect(prompt.contains("style=brief effort=high"))
    }

    @Test func aBudgetOfReasoningReachesTheEngine() async throws {
        for (field, tokens) in [("thinking_token_budget", 7), ("thinking_budget_tokens", 0)] {
            let generator = Self.saying("x")
            _ = try await ask(#""\#(field)": \#(tokens)"#, generator)
            let limit = try #require(generator.requests.first?.reasoningLimit)
            #expect(limit.tokens == tokens)
            #expect(limit.begin == "<think>")
            #expect(limit.end == "</think>")
            #expect(ByteTokenizer.text(limit.closing) == "\n</think>\n")
        }
        let generator = Self.saying("x")
        _ = try await ask(#""thinking_budget_tokens": -1"#, generator)
        #expect(generator.requests.first?.reasoningLimit == nil)
    }

    @Test func callsAndResultsReachTheTemplate() async throws {
        let generator = Self.saying("x")
        let messages =
            #"[{"role": "user", "content": "hi"}, {"role": "assistant", "content": null, "reasoning_content": "Hm.", "#
            + #""tool_calls": [{"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "#
            + #""{\"city\": \"Bern\"}"}}]}, {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "#
            + #""text": "rain"}]}]"#
        _ = try await ServerTests.ask(
            generator, .post, "/v1/chat/completions", #"{"messages": \#(messages), \#(Self.tools)}"#)
        let prompt = ByteTokenizer.text(try #require(generator.requests.first).prompt)
        #expect(prompt.contains("<think>Hm.</think>"))
        #expect(prompt.contains(#"<tool_call>{"name": "get_weather", "arguments": {"city": "Bern"}}</tool_call>"#))
        #expect(prompt.contains("tool: rain"))
    }

    @Test func withoutToolsOrWithNoneNothingIsACall() async throws {
        let fields = [#""temperature": 0"#, Self.tools + #", "tool_choice": "none""#]
        for fields in fields {
            let answer = try await ask(fields, Self.saying(Self.call)).json
            #expect(answer.choices?[0]?.message?.content == .string(Self.call))
            #expect(answer.choices?[0]?.finish_reason == "stop")
        }
    }

    @Test func oneCallAtATime() async throws {
        let answer = try await ask(Self.tools + #", "parallel_tool_calls": false"#, Self.saying(Self.call + Self.call))
            .json
        #expect(answer.choices?[0]?.message?.tool_calls?.elements?.count == 1)
    }

    @Test func aCallThatIsCutOffIsToldSo() async throws {
        let answer = try await ask(Self.tools, Self.saying(String(Self.call.prefix(60)), reason: .length)).json
        #expect(answer.choices?[0]?.finish_reason == "length")
        #expect(answer.choices?[0]?.message?.tool_calls?[0]?.function?.name == "get_weather")
    }

    @Test func functionsAreTheOlderForm() async throws {
        let fields = #""functions": [{"name": "get_weather"}], "function_call": "auto""#
        let message = try await ask(fields, Self.saying(Self.call)).json.choices?[0]
        #expect(message?.finish_reason == "function_call")
        #expect(message?.message?.function_call?.name == "get_weather")
        #expect(message?.message?.tool_calls == nil)
        let stream = try await ask(fields + #", "stream": true"#, Self.saying(Self.call)).chunks
        let pieces = stream.compactMap { $0.choices?[0]?.delta?.function_call }
        #expect(pieces.compactMap(\.name?.asText) == ["get_weather"])
        #expect(pieces.compactMap(\.arguments?.asText).joined() == #"{"city": "Bern"}"#)
    }

    @Test(
        "Fault 15: wrong tools are refused",
        arguments: [
            (#""tools": [{"type": "web_search"}]"#, "tools[0].type"),
            (#""tools": [{"type": "function"}]"#, "tools[0].function"),
            (#""tools": [{"type": "function", "function": {}}]"#, "tools[0].function.name"),
            (#""tools": [{"type": "function", "function": {"name": "a b"}}]"#, "tools[0].function.name"),
            (
                #""tools": [{"type": "function", "function": {"name": "a", "parameters": 5}}]"#,
                "tools[0].function.parameters"
            ),
            (#""tools": [{"function": {"name": "a"}}, {"function": {"name": "a"}}]"#, "tools"),
            (#""tools": 5"#, "tools"), (#""tool_choice": "maybe""#, "tool_choice"),
            (#""tool_choice": "required""#, "tool_choice"),
            (
                #""tools": [{"function": {"name": "a", "parameters": {"properties": {"b": {"pattern": "("}}}}}], "#
                    + #""tool_choice": "required""#, "tools"
            ),
            (tools + #", "tool_choice": {"type": "function", "function": {"name": "other"}}"#, "tool_choice"),
            (#""chat_template_kwargs": 5"#, "chat_template_kwargs"),
            (#""functions": [{"name": ""}]"#, "functions[0].name"),
        ])
    func wrongToolsAreRefused(fields: String, param: String) async throws {
        let reply = try await ask(fields, Self.saying("x"))
        #expect(reply.status == 400)
        #expect(try reply.error?.param == .string(param))
    }

    /// What may be said is what the model calls a tool with, and nothing else.
    @Test(arguments: [#""required""#, #"{"type": "function", "function": {"name": "get_weather"}}"#])
    func callsCanBeForced(_ choice: String) async throws {
        let generator = Self.saying(Self.call)
        let reply = try await ask(Self.tools + #", "tool_choice": \#(choice)"#, generator)
        #expect(reply.status == 200)
        #expect(try reply.json.choices?[0]?.message?.tool_calls?[0]?.function?.name == "get_weather")
        var state = GrammarState(try #require(generator.requests.first?.grammar))
        var call = Array(
            "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Bern\"}}\n</tool_call>".utf8)
        // Nor may there be parameters that the tool does not have.
        let other = "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"day\""
        let takesText = state.accept("Hello".utf8) || state.accept(other.utf8), takesCall = state.accept(call)
        #expect(!takesText && takesCall && state.isComplete)
        // Another call may follow where none is named.
        call.insert(10, at: 0)
        let takesMore = state.accept(call)
        #expect(takesMore == (choice == #""required""#))
    }

    @Test func withoutNeedNothingIsForced() async throws {
        let generator = Self.saying("x")
        for choice in [#""auto""#, #""none""#] {
            _ = try await ask(Self.tools + #", "tool_choice": \#(choice)"#, generator)
        }
        #expect(generator.requests.allSatisfy { $0.grammar == nil })
    }

    @Test("Fault 11: deep schemas are refused")
    func deepSchemasAreRefused() async throws {
        let schema = String(repeating: #"{"items": "#, count: 300) + "{}" + String(repeating: "}", count: 300)
        let reply = try await ask(
            #""tools": [{"function": {"name": "a", "parameters": \#(schema)}}]"#, Self.saying("x"))
        #expect(reply.status == 400)
        #expect(try reply.error?.message?.asText?.contains("nested") == true)
    }

    @Test func theTemplateCanBeApplied() async throws {
        let reply = try await ServerTests.ask(
            Self.saying("x"), .post, "/apply-template", #"{"messages": [{"role": "user", "content": "hi"}]}"#)
        #expect(reply.status == 200)
        #expect(try reply.json.prompt?.asText?.contains("user: hi\n") == true)
    }
}
