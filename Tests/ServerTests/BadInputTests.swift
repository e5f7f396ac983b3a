import Engine
import HTTPTypes
import Hummingbird
import Testing

/// Wrong requests: each gives status 400 and the name of the field at fault, and reaches no engine.
@Suite struct BadInputTests {
    private func expectRefusal(_ reply: Reply, of field: String?, _ generator: ScriptedGenerator) throws {
        #expect(reply.status == 400)
        let error = try reply.error
        #expect(error?.keys.isSuperset(of: ["message", "type", "param", "code"]) == true)
        #expect(error?.type == "invalid_request_error")
        #expect(error?.param == field.map { .string($0) } ?? .null)
        #expect(generator.requests.isEmpty)
    }

    @Test(
        "Faults 12, 13: chat fields",
        arguments: [
            (#""temperature": "hot""#, "temperature"), (#""temperature": -0.1"#, "temperature"),
            (#""temperature": 2.5"#, "temperature"), (#""temperature": true"#, "temperature"),
            (#""temperature": 1e999"#, "temperature"), (#""temperature": "NaN""#, "temperature"),
            (#""top_p": 1.1"#, "top_p"), (#""top_p": -1"#, "top_p"), (#""top_k": -2"#, "top_k"),
            (#""top_k": 1.5"#, "top_k"), (#""min_p": 2"#, "min_p"), (#""repetition_penalty": 0"#, "repetition_penalty"),
            (#""repeat_penalty": -1"#, "repeat_penalty"), (#""presence_penalty": 3"#, "presence_penalty"),
            (#""frequency_penalty": -3"#, "frequency_penalty"), (#""max_tokens": 0"#, "max_tokens"),
            (#""max_tokens": -1"#, "max_tokens"), (#""max_tokens": true"#, "max_tokens"),
            (#""max_tokens": 99999999999999999999"#, "max_tokens"), (#""max_tokens": "5""#, "max_tokens"),
            (#""max_completion_tokens": 0"#, "max_completion_tokens"), (#""min_tokens": -1"#, "min_tokens"),
            (#""min_tokens": 9, "max_tokens": 8"#, "min_tokens"), (#""n": 0"#, "n"), (#""n": 9"#, "n"),
            (#""n": 1000000000"#, "n"), (#""n": true"#, "n"), (#""seed": 1.5"#, "seed"), (#""seed": "a""#, "seed"),
            (#""stream": 1"#, "stream"), (#""stream": "true""#, "stream"), (#""stream_options": 1"#, "stream_options"),
            (#""stream_options": {"include_usage": 1}"#, "stream_options.include_usage"),
            (#""ignore_eos": 1"#, "ignore_eos"), (#""stop": 5"#, "stop"), (#""stop": [5]"#, "stop"),
            (#""stop": [""]"#, "stop"), (#""stop": """#, "stop"), (#""stop": "\ud800""#, "stop"),
            (#""stop": ["0","1","2","3","4","5","6","7","8","9","a","b","c","d","e","f","g"]"#, "stop"),
            (#""logit_bias": []"#, "logit_bias"), (#""logit_bias": {"a": 1}"#, "logit_bias"),
            (#""logit_bias": {"1": 101}"#, "logit_bias"), (#""logit_bias": {"1": true}"#, "logit_bias[1]"),
            (#""logit_bias": {"258": 1}"#, "logit_bias"), (#""logit_bias": {"-1": 1}"#, "logit_bias"),
            (#""logprobs": 2"#, "logprobs"), (#""top_logprobs": 2"#, "top_logprobs"),
            (#""logprobs": true, "top_logprobs": 21"#, "top_logprobs"),
            (#""logprobs": true, "top_logprobs": 1000000"#, "top_logprobs"),
            (#""tools": [{"type": "function"}]"#, "tools[0].function"), (#""tools": 5"#, "tools"),
            (#""functions": [1]"#, "functions[0]"),
            (#""response_format": {"type": "xml"}"#, "response_format"), (#""response_format": 5"#, "response_format"),
            (#""response_format": {"type": "json_schema"}"#, "response_format.json_schema.schema"),
            (#""guided_regex": "(""#, "guided_regex"), (#""guided_choice": []"#, "guided_choice"),
            (#""guided_choice": [5]"#, "guided_choice"), (#""guided_json": 5"#, "guided_json"),
            (#""guided_json": {"type": "text"}"#, "guided_json"), (#""guided_json": "{""#, "guided_json"),
            (#""grammar": "root ::= x""#, "grammar"), (#""grammar": 5"#, "grammar"),
            (#""json_schema": []"#, "json_schema"),
            (#""structured_outputs": {}"#, "structured_outputs"), (#""structured_outputs": []"#, "structured_outputs"),
            (#""structured_outputs": {"regex": "a", "choice": ["b"]}"#, "structured_outputs"),
            (#""structured_outputs": {"structural_tag": "a"}"#, "structured_outputs.structural_tag"),
            (#""guided_regex": "a", "guided_choice": ["b"]"#, "guided_choice"),
            (#""response_format": {}"#, "response_format.type"), (#""model": 5"#, "model"),
        ])
    func chatFields(fields: String, field: String) async throws {
        let generator = ScriptedGenerator()
        let body = #"{\#(fields), "messages": [{"role": "user", "content": "hi"}]}"#
        let reply = try await ask(generator, .post, "/v1/chat/completions", body)
        try expectRefusal(reply, of: field, generator)
    }

    @Test(
        "Fault 17: messages",
        arguments: [
            ("[]", "messages"), ("null", "messages"), ("{}", "messages"), (#""hi""#, "messages"),
            ("[5]", "messages[0]"),
            (#"[{"content": "x"}]"#, "messages[0].role"), (#"[{"role": "", "content": "x"}]"#, "messages[0].role"),
            (#"[{"role": 5, "content": "x"}]"#, "messages[0].role"),
            (#"[{"role": "user", "content": "x"}, {"role": "user", "content": 5}]"#, "messages[1].content"),
            (#"[{"role": "user", "content": {"a": 1}}]"#, "messages[0].content"),
            (#"[{"role": "user", "content": "\ud800"}]"#, "messages[0].content"),
            (#"[{"role": "user", "content": "\udc00x"}]"#, "messages[0].content"),
            (
                #"[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u"}}]}]"#,
                "messages[0].content[0]"
            ),
            (#"[{"role": "user", "content": [{"type": "text"}]}]"#, "messages[0].content[0].text"),
            (
                #"[{"role": "assistant", "content": null, "tool_calls": [{"id": "a"}]}]"#,
                "messages[0].tool_calls[0].function"
            ),
        ])
    func messages(messages: String, field: String) async throws {
        let generator = ScriptedGenerator()
        let reply = try await ask(
            generator, .post, "/v1/chat/completions", #"{"model": "tiny", "messages": \#(messages)}"#)
        try expectRefusal(reply, of: field, generator)
    }

    @Test(
        "Faults 13, 14, 17: completion fields",
        arguments: [
            (#""n": 1"#, "prompt"), (#""prompt": null"#, "prompt"), (#""prompt": """#, "prompt"),
            (#""prompt": []"#, "prompt"), (#""prompt": [[]]"#, "prompt"), (#""prompt": ["a", ""]"#, "prompt"),
            (#""prompt": true"#, "prompt"), (#""prompt": {"a": 1}"#, "prompt"), (#""prompt": [1, "a"]"#, "prompt"),
            (#""prompt": [1.5]"#, "prompt"), (#""prompt": [97, 258]"#, "prompt[1]"), (#""prompt": [-1]"#, "prompt[0]"),
            (#""prompt": [4294967296]"#, "prompt[0]"), (#""prompt": [[97], [1, 300]]"#, "prompt[1][1]"),
            (#""prompt": "\ud83d""#, "prompt"), (#""prompt": "a", "best_of": 2"#, "best_of"),
            (#""prompt": "a", "suffix": "b""#, "suffix"), (#""prompt": "a", "logprobs": 21"#, "logprobs"),
            (#""prompt": "a", "logprobs": true"#, "logprobs"), (#""prompt": "a", "echo": 1"#, "echo"),
            (#""prompt": "a", "echo": true, "logprobs": 1"#, "echo"),
        ])
    func completionFields(fields: String, field: String) async throws {
        let generator = ScriptedGenerator()
        try expectRefusal(try await complete(fields, generator), of: field, generator)
    }

    @Test(
        "Fault 17: broken JSON",
        arguments: [
            "", "null", "nul", "5", "{", #"{"model": "tiny""#, #"{"model": "tiny"} x"#, #"{"temperature": NaN}"#,
            #"{"temperature": Infinity}"#, "{\"model\": \"a\u{0}b\"}", "{'model': 1}", "[]", "\u{feff}",
        ])
    func brokenJSON(body: String) async throws {
        let generator = ScriptedGenerator()
        for path in ["/v1/chat/completions", "/v1/completions", "/tokenize", "/detokenize"] {
            let reply = try await ask(generator, .post, path, body)
            #expect(reply.status == 400)
            #expect(try reply.error?.message?.asText?.isEmpty == false)
            #expect(generator.requests.isEmpty)
        }
    }

    @Test("Fault 11: deep nesting", arguments: ["x", "prompt"])
    func deepNesting(field: String) async throws {
        let generator = ScriptedGenerator()
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let value = String(repeating: open, count: 60_000) + "1" + String(repeating: close, count: 60_000)
            let body = #"{"model": "tiny", "\#(field)": \#(value)}"#
            try expectRefusal(try await ask(generator, .post, "/v1/completions", body), of: nil, generator)
        }
    }

    @Test(
        "Fault 17: invalid UTF-8",
        arguments: [
            [0xFF, 0xFE], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF8, 0x88, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) async throws {
        for field in ["prompt", "ignored"] {
            let generator = ScriptedGenerator()
            var body = ByteBuffer(string: #"{"model": "tiny", "prompt": "a", "\#(field)": ""#)
            body.writeBytes(bytes)
            body.writeString(#""}"#)
            try expectRefusal(try await ask(generator, .post, "/v1/completions", body, [:]), of: nil, generator)
        }
    }

    @Test func longNamesAreAbridged() async throws {
        let name = String(repeating: "x", count: 100_000)
        let reply = try await ask(.init(), .post, "/v1/completions", #"{"model": "\#(name)", "prompt": "a"}"#)
        #expect(reply.status == 404)
        #expect(reply.text.utf8.count < 1000)
    }

    @Test func theServerGoesOnAfterBadInput() async throws {
        let generator = ScriptedGenerator()
        _ = try await complete(#""prompt": [999]"#, generator)
        #expect(try await complete(#""prompt": "a""#, generator).status == 200)
    }
}
