import Engine
import HTTPTypes
import Server
import Testing
import Transformer

/// `/api`: Ollama's API.
@Suite struct OllamaTests {
    private static let tool =
        #""tools": [{"type": "function", "function": {"name": "get_weather", "description": "Tells the weather.", "#
        + #""parameters": {"type": "object", "properties": {"city_name": {"type": "string"}}}}}]"#
    private static let call = #"<tool_call>{"name": "get_weather", "arguments": {"city_name": "Bern"}}</tool_call>"#
    private static let hi = #""messages": [{"role": "user", "content": "hi"}]"#

    private func ask(
        _ path: String, _ fields: String, _ generator: ScriptedGenerator = ScriptedGenerator()
    ) async throws -> Reply {
        try await ServerTests.ask(generator, .post, "/api/\(path)", "{\(fields)}")
    }

    @Test func aChatIsOneObject() async throws {
        let generator = ScriptedGenerator()
        let reply = try await ask("chat", #""model": "tiny:latest", "stream": false, \#(Self.hi)"#, generator)
        #expect(reply.status == 200)
        #expect(reply.headers[.contentType] == "application/json")
        let answer = try reply.json
        #expect(answer.model == "tiny:latest")
        #expect(answer.message == .object(["role": "assistant", "content": "Hello you"]))
        #expect(answer.done == true)
        #expect(answer.done_reason == "stop")
        #expect(answer.eval_count == 3)
        #expect(answer.prompt_eval_count == .number(Double(try #require(generator.requests.first).prompt.count)))
        try checkDurations(answer)
        let time = try #require(answer.created_at?.asText)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/) != nil)
    }

    /// What is told of an answer's time is whole nanoseconds, and no more than there was.
    private func checkDurations(_ answer: JSONValue) throws {
        let (total, load) = (try #require(answer.total_duration?.asNumber), answer.load_duration)
        let prompt = try #require(answer.prompt_eval_duration?.asNumber)
        let output = try #require(answer.eval_duration?.asNumber)
        #expect(load == 0)
        #expect(prompt >= 0 && output >= 0 && prompt + output <= total)
        #expect([total, prompt, output].allSatisfy { $0 == $0.rounded() })
    }

    @Test func aChatStreamsLinesUnlessToldOtherwise() async throws {
        let reply = try await ask("chat", #""model": "tiny", \#(Self.hi)"#)
        #expect(reply.headers[.contentType] == "application/x-ndjson")
        #expect(reply.text.hasSuffix("}\n"))
        let lines = try reply.lines
        #expect(lines.map(\.message?.content) == ["Hel", "lo", " you", ""])
        #expect(lines.map(\.done) == [false, false, false, true])
        #expect(lines.allSatisfy { $0.model == "tiny" && $0.created_at != nil && $0.message?.role == "assistant" })
        #expect(lines.dropLast().allSatisfy { $0.keys == ["model", "created_at", "message", "done"] })
        let last = try #require(lines.last)
        #expect(last.done_reason == "stop")
        #expect(last.eval_count == 3)
        try checkDurations(last)
    }

    @Test(arguments: [true, false])
    func callsAndThoughtsStandApart(isStream: Bool) async throws {
        let generator = ToolTests.saying("<think>Hm.</think>I see." + Self.call + Self.call, reason: .length)
        let reply = try await ask("chat", #""stream": \#(isStream), \#(Self.hi), \#(Self.tool)"#, generator)
        let pieces = isStream ? try reply.lines : [try reply.json]
        #expect(pieces.compactMap(\.message?.thinking?.asText).joined() == "Hm.")
        #expect(pieces.compactMap(\.message?.content?.asText).joined() == "I see.")
        let calls = pieces.compactMap(\.message?.tool_calls?.elements).joined()
        #expect(calls.compactMap(\.function?.name) == ["get_weather", "get_weather"])
        #expect(calls.compactMap(\.function?.index) == [0, 1])
        // Ollama's arguments are an object, whose names are the tool's own.
        #expect(calls.allSatisfy { $0.function?.arguments == .object(["city_name": "Bern"]) })
        #expect(Set(calls.compactMap(\.id?.asText)).count == 2)
        #expect(pieces.last?.done_reason == "length")
        #expect(pieces.count(where: { $0.done == true }) == 1)
    }

    @Test func aConversationReachesTheTemplate() async throws {
        let generator = ToolTests.saying("x")
        let messages =
            #""messages": [{"role": "system", "content": "Be brief."}, {"role": "assistant", "content": "", "thinking": "#
            + #""Hm.", "tool_calls": [{"function": {"name": "get_weather", "arguments": {"z": 1, "a": 2}}}]}, {"role": "#
            + #""tool", "tool_name": "get_weather", "content": "rain"}]"#
        let reply = try await ask("chat", #"\#(messages), "think": "low", \#(Self.tool)"#, generator)
        #expect(reply.status == 200)
        let prompt = ByteTokenizer.text(try #require(generator.requests.first).prompt)
        for part in [
            "effort=low", "system: Be brief.", "<think>Hm.</think>", #""arguments": {"z": 1, "a": 2}"#, "tool: rain",
        ] {
            #expect(prompt.contains(part), "\(part) is missing in \(prompt)")
        }
    }

    @Test func optionsAreOllamas() async throws {
        let generator = ScriptedGenerator()
        let options =
            #""options": {"temperature": 0.5, "top_p": 0.25, "top_k": 7, "min_p": 0.125, "num_predict": 9, "stop": "#
            + #"["END"], "seed": 11, "repeat_penalty": 1.5, "num_ctx": 99, "mirostat": 2, "n": 4}"#
        _ = try await ask("chat", "\(Self.hi), \(options)", generator)
        _ = try await ask("chat", #"\#(Self.hi), "options": {"num_predict": -1}"#, generator)
        _ = try await ask("chat", Self.hi, generator)
        #expect(generator.requests.count == 3)
        var sampling = SamplingOptions()
        (sampling.temperature, sampling.topP, sampling.topK, sampling.minP) = (0.5, 0.25, 7, 0.125)
        (sampling.seed, sampling.repetitionPenalty) = (11, 1.5)
        #expect(generator.requests[0].sampling == sampling)
        #expect(generator.requests[0].maxTokens == 9)
        #expect(generator.requests[0].stop == ["END"])
        var defaults = SamplingOptions()
        (defaults.temperature, defaults.topP, defaults.topK) = (0.8, 0.9, 40)
        #expect(generator.requests[1...].allSatisfy { $0.sampling == defaults && $0.maxTokens == nil })
    }

    @Test func aPromptBecomesAChatUnlessItIsRaw() async throws {
        let generator = ScriptedGenerator(models: [.chat, .base])
        let fields = #""stream": false, "prompt": "hi""#
        let answer = try await ask("generate", #""model": "tiny", "system": "Be brief.", \#(fields)"#, generator).json
        #expect(answer.response == "Hello you")
        #expect(answer.done == true && answer.done_reason == "stop")
        #expect(answer.keys.isDisjoint(with: ["message", "thinking", "context"]))
        try checkDurations(answer)
        _ = try await ask("generate", #""model": "tiny", "raw": true, \#(fields)"#, generator)
        _ = try await ask("generate", #""model": "lab/base model", \#(fields)"#, generator)
        #expect(
            generator.requests.map { ByteTokenizer.text($0.prompt) } == [
                "system: Be brief.\nuser: hi\n", "<begin>hi", "<begin>hi",
            ])
    }

    @Test func aCompletionStreamsLines() async throws {
        let lines = try await ask("generate", #""prompt": "hi""#).lines
        #expect(lines.map(\.response) == ["Hel", "lo", " you", ""])
        #expect(lines.map(\.done) == [false, false, false, true])
        #expect(lines.last?.eval_count == 3)
        let thinking = try await ask("generate", #""prompt": "hi""#, ToolTests.saying("<think>Hm.</think>I see.")).lines
        #expect(thinking.compactMap(\.thinking?.asText).joined() == "Hm.")
        #expect(thinking.compactMap(\.response?.asText).joined() == "I see.")
    }

    @Test(arguments: ["chat", "generate"])
    func aRequestForNothingFindsTheModelLoaded(path: String) async throws {
        let generator = ScriptedGenerator()
        let answer = try await ask(path, #""model": "tiny", "keep_alive": "5m""#, generator).json
        #expect(answer.done == true && answer.done_reason == "load")
        #expect((path == "chat" ? answer.message?.content : answer.response) == "")
        #expect(generator.requests.isEmpty)
    }

    @Test(arguments: [
        ("chat", #""messages": [{"content": "x"}]"#, "messages[0].role"),
        ("chat", #""messages": [{"role": "user", "content": "x", "images": ["aGk="]}]"#, "messages[0].images"),
        ("chat", #""messages": [{"role": "assistant", "tool_calls": [{}]}]"#, "messages[0].tool_calls[0].function"),
        (
            "chat",
            #""messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]"#,
            "messages[0].tool_calls[0].function.arguments"
        ),
        ("chat", #"\#(hi), "format": "xml""#, "format"), ("chat", #"\#(hi), "format": {"type": "thing"}"#, "format"),
        ("generate", #""prompt": "a", "format": 5"#, "format"),
        ("chat", #"\#(hi), "think": 3"#, "think"), ("chat", #"\#(hi), "stream": "no""#, "stream"),
        ("chat", #"\#(hi), "options": {"temperature": 3}"#, "options.temperature"),
        ("chat", #"\#(hi), "options": {"num_predict": -3}"#, "options.num_predict"),
        ("chat", #"\#(hi), "options": []"#, "options"), ("chat", #"\#(hi), "tools": [{"type": "x"}]"#, "tools[0].type"),
        ("generate", #""prompt": "a", "suffix": "b""#, "suffix"), ("generate", #""prompt": 1"#, "prompt"),
        ("generate", #""prompt": "a", "template": "{{ .Prompt }}""#, "template"),
        ("generate", #""prompt": "a", "context": [1]"#, "context"),
        ("generate", #""prompt": "a", "images": ["aGk="]"#, "images"), ("show", "", "model"),
        ("embed", "", "input"), ("embed", #""input": [1]"#, "input"),
        ("embed", #""input": "a", "dimensions": 0"#, "dimensions"),
    ])
    func badInputIsRefusedInOllamasShape(path: String, fields: String, field: String) async throws {
        let generator = ScriptedGenerator()
        let reply = try await ask(path, fields, generator)
        #expect(reply.status == 400)
        #expect(try reply.json.keys == ["error"])
        #expect(try reply.error?.asText?.contains("`\(field)`") == true, "\(reply.text)")
        #expect(generator.requests.isEmpty)
    }

    @Test func whatIsNotThereIsNotFound() async throws {
        let reply = try await ask("chat", #""model": "nobody:latest", \#(Self.hi)"#)
        #expect(reply.status == 404)
        #expect(try reply.error?.asText?.contains("nobody") == true)
        let pull = try await ask("pull", #""model": "tiny""#)
        #expect(pull.status == 404)
        #expect(try pull.json.keys == ["error"])
        #expect(try await ServerTests.ask(.init(), .get, "/api/chat").status == 405)
    }

    @Test func anAnswerThatBreaksOffSaysSo() async throws {
        let failing = ScriptedGenerator(Script(failure: .unitFailed(unit: "u", model: "tiny", reason: "smoke")))
        let lines = try await ask("chat", Self.hi, failing).lines
        #expect(lines.last?.keys == ["error"])
        #expect(lines.last?.error?.asText?.contains("smoke") == true)
        let whole = try await ask("chat", #"\#(Self.hi), "stream": false"#, failing)
        #expect(whole.status == 503)
        #expect(try whole.json.keys == ["error"])
    }

    @Test func aLongPromptIsRefused() async throws {
        var script = Script()
        script.mimicsModel = true
        let generator = ScriptedGenerator(script)
        let reply = try await ask("generate", #""prompt": "\#(String(repeating: "a", count: 600))""#, generator)
        #expect(reply.status == 400)
        #expect(try reply.error?.asText?.contains("512") == true)
    }
}
