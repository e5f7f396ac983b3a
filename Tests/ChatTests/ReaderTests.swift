import Chat
import Jinja
import OrderedCollections
import Quantities
import Testing

@Suite struct ReaderTests {
    private let hermes = OutputFormat(
        reasoning: OutputFormat.Span(begin: "<think>", end: "</think>"), calls: .hermes)
    private let llama = OutputFormat(
        calls: .json(CallSyntax.JSONCalls(begins: ["<|python_tag|>"], argumentsKey: "parameters")))
    private let coder = OutputFormat(
        calls: .tagged(
            CallSyntax.TaggedCalls(
                call: OutputFormat.Span(begin: "<tool_call>\n<function=", end: "</function>\n</tool_call>"),
                headerEnd: ">",
                parameters: CallSyntax.TaggedCalls.Parameters(
                    begin: "<parameter=", keyEnd: ">", valueBegin: "", end: "</parameter>", ownLines: true))))
    private let python = OutputFormat(calls: .pythonic(OutputFormat.Span(begin: "", end: "")))

    private func calls(_ text: String, _ format: OutputFormat) -> [ExpectedCall] {
        read(text, as: format).calls.map(ExpectedCall.init)
    }

    @Test func `Text goes out at once, but for what may begin a marker`() {
        var reader = ChatReader(hermes, tools: Tools.all, prompt: "")
        #expect(reader.append("a <b> x") == [.text("a <b> x")])
        #expect(reader.append(" <tool") == [])
        #expect(reader.append("s>") == [.text(" <tools>")])
        #expect(reader.append(" \n") == [])
        #expect(reader.append("c") == [.text(" \nc")])
        #expect(reader.append("<tool_ca") == [])
        #expect(reader.finish() == [.text("<tool_ca")])
    }

    @Test func `Arguments go out as they come`() {
        var reader = ChatReader(hermes, tools: Tools.all, prompt: "")
        #expect(reader.append("<tool_call>\n{\"name\": \"get_weather\"") == [])
        #expect(
            reader.append(", \"arguments\": {\"ci") == [
                .callBegins(index: 0, id: nil, name: "get_weather"), .callArguments(index: 0, "{\"ci"),
            ])
        #expect(reader.append("ty\": \"Bern") == [.callArguments(index: 0, "ty\": \"Bern")])
        #expect(reader.append("\"}") == [.callArguments(index: 0, "\"}")])
        #expect(reader.append("}\n</tool_call>") == [])

        var tagged = ChatReader(coder, tools: Tools.all, prompt: "")
        #expect(
            tagged.append("<tool_call>\n<function=get_weather>\n<parameter=city>\nBe") == [
                .callBegins(index: 0, id: nil, name: "get_weather"), .callArguments(index: 0, "{"),
                .callArguments(index: 0, "\"city\""), .callArguments(index: 0, ": "), .callArguments(index: 0, "\""),
                .callArguments(index: 0, "Be"),
            ])
        #expect(tagged.append("rn\n") == [.callArguments(index: 0, "rn")])
    }

    @Test(
        "What is no call is text, all of it",
        arguments: [
            "<tool_call>", "<tool_call>\n", "<tool_call>hello</tool_call>", "<tool_call>{}</tool_call>",
            #"<tool_call>{"name": 5, "arguments": {}}</tool_call>"#, #"x <tool_call> {"name": "#,
            #"<tool_call>{"name": "f", "arguments": 3}</tool_call>"#, #"<tool_call>{"name" "f"}</tool_call>"#,
            #"<tool_call>{"arguments": {}}</tool_call> and more"#, "<tool_call>[]</tool_call>", "a </tool_call> b",
            "<tool_call>\n<function=a b>\n</function>\n</tool_call>", "<tool_call>\n<function=",
            "<tool_call>\n<function=\n\n>", "<think", "</think> x", #"{"name": "get_weather"}"#, "[get_weather()]",
        ])
    func malformed(text: String) {
        for format in [hermes, coder] {
            let output = read(text, as: format)
            if format == hermes || !text.contains(#"{"name""#) || output.calls.isEmpty {
                #expect(output.text == text)
                #expect(output.calls.isEmpty && output.reasoning.isEmpty)
            }
        }
    }

    @Test func `An answer that is JSON is a call only of a tool that there is`() {
        #expect(calls(#"{"name": "get_time", "parameters": {}}"#, llama) == [ExpectedCall("get_time", [:])])
        #expect(
            calls(
                #"{"type": "function", "function": {"name": "get_time", "parameters": {"a": [1, "}"]}}}"#, llama)
                == [ExpectedCall("get_time", ["a": [1, "}"]])])
        for text in [
            #"{"name": "Ada", "parameters": {}}"#, #"{"title": "get_time"}"#, "{",
            #"{"name": "get_time", "year": 1815}"#,
            "{x", #"{"parameters": {}}"#,
        ] {
            let output = read(text, as: llama)
            #expect(output.text == text && output.calls.isEmpty, "\(text)")
        }
        #expect(read("[1, 2]", as: python).text == "[1, 2]")
        #expect(read("[see(1)]", as: python).text == "[see(1)]")
    }

    @Test func `Models write calls in more ways than their templates`() {
        let expected = [ExpectedCall("get_weather", ["city": "Bern"])]
        #expect(
            calls(#"<tool_call>{"arguments":{"city":"Bern"},"name":"get_weather"}</tool_call>"#, hermes) == expected)
        #expect(
            calls(#"<tool_call>{"name":"get_weather","arguments":"{\"city\":\"Bern\"}"}</tool_call>"#, hermes)
                == expected)
        #expect(calls(#"<tool_call>[{"name":"get_weather","arguments":{"city":"Bern"}}]"#, hermes) == expected)
        // Without the last bracket, and without arguments.
        #expect(
            calls("<tool_call>{\"name\":\"get_weather\",\"arguments\":{\"city\":\"Bern\"}\n</tool_call>", hermes)
                == expected)
        #expect(calls(#"<tool_call>{"name":"get_time"}</tool_call>"#, hermes) == [ExpectedCall("get_time", [:])])
        #expect(
            calls(#"<tool_call>{"name":"get_time","arguments":null}</tool_call>"#, hermes)
                == [ExpectedCall("get_time", [:])])
        #expect(
            calls("<tool_call><function=get_weather><parameter=city>Bern</parameter></function></tool_call>", coder)
                == expected)
        #expect(
            calls("<tool_call><function=get_weather><parameter=city>Bern</parameter></function>", coder) == expected)
    }

    @Test func `Untyped arguments get the types of the schema`() {
        func argument(_ key: String, _ text: String) -> Value? {
            calls(
                "<tool_call>\n<function=get_weather>\n<parameter=\(key)>\n\(text)\n</parameter>\n</function>\n</tool_call>",
                coder
            ).first?.arguments
        }
        #expect(argument("city", "12") == ["city": "12"])
        #expect(argument("city", "\n a\t\"b\\\n") == ["city": "\n a\t\"b\\\n"])
        #expect(argument("city", "<b>{x}</b> </param") == ["city": "<b>{x}</b> </param"])
        #expect(argument("days", " 12 ") == ["days": 12])
        #expect(argument("days", "many") == ["days": "many"])
        #expect(argument("exact", "True") == ["exact": true])
        #expect(argument("hours", "[1,\n2]") == ["hours": [1, 2]])
        #expect(argument("place", #"{"x": {"y": null}}"#) == ["place": ["x": ["y": .none]]])
        #expect(argument("note", "null") == ["note": .none])
        #expect(argument("note", "5") == ["note": "5"])
        #expect(argument("unheard", "5") == ["unheard": 5])
        #expect(argument("unheard", "five") == ["unheard": "five"])
    }

    @Test func `Python's calls become JSON`() {
        #expect(
            calls(
                #"[get_weather(city='It\'s "x"\n\x41\u00e9', days=-3, exact=True, hours=[1, 2], place={'a': None, "b": (1, 'c')}, note="")]"#,
                python) == [
                    ExpectedCall(
                        "get_weather",
                        [
                            "city": "It's \"x\"\nAé", "days": -3, "exact": true, "hours": [1, 2],
                            "place": ["a": .none, "b": [1, "c"]], "note": "",
                        ])
                ])
        #expect(
            calls("[get_weather('Bern', 3), get_time()]", python)
                == [ExpectedCall("get_weather", ["city": "Bern", "days": 3]), ExpectedCall("get_time", [:])])
    }

    @Test func `Reasoning may be open already, opened again, or never closed`() {
        let output = read("Hm.\n</think>\n\nYes.", as: hermes, prompt: "<|assistant|><think>\n")
        #expect(output == ChatOutput([.reasoning("Hm."), .text("Yes.")]))
        #expect(read("<think>Hm.</think>Yes.", as: hermes, prompt: "<think>").reasoning == "Hm.")
        #expect(read("Hm. </thin", as: hermes, prompt: "<think>") == ChatOutput([.reasoning("Hm. </thin")]))
        #expect(read("No.", as: hermes, prompt: "<think>\n\n</think>\n\n").text == "No.")
        #expect(read("I <think> so", as: hermes).text == "I <think> so")
    }

    @Test func `Without tools nothing is a call`() {
        let text = #"<tool_call>{"name": "get_time", "arguments": {}}</tool_call>"#
        #expect(read(text, as: hermes, tools: []).text == text)
        #expect(read(#"{"name": "get_time", "parameters": {}}"#, as: llama, tools: []).calls.isEmpty)
    }

    @Test func `Texts of any fragments are read the same however they are cut`() {
        let fragments = [
            "<tool_call>", "</tool_call>", "<think>", "</think>", "<function=", ">", "</function>", "<parameter=",
            "city",
            "</parameter>", "{", "}", "[", "]", "\"", "\\", ":", ",", "name", "\"name\"", "\"arguments\"", "get_time",
            "get_weather", "(", ")", "=", "'", "\n", " ", "é", "<", "<|python_tag|>", "\"get_time\"", "null", "1", ";",
            "<|tool_call>call:", "<tool_call|>", "<|\"|>", "<|channel|>", "<|message|>", "<|end|>", "analysis",
            " to=functions.f", "<|start|>assistant",
        ]
        let harmony = OutputFormat(
            calls: .channels(
                CallSyntax.Channels(
                    begins: ["<|start|>", "<|channel|>"], headerEnd: "<|message|>", ends: ["<|end|>", "<|call|>"])))
        let formats = [hermes, llama, coder, python, OutputFormat(calls: .gemma), harmony]
        var random = SplitMix64(seed: 7)
        for _ in 0..<1500 {
            let text = (0..<Int.random(in: 1...14, using: &random)).map { _ in
                fragments.randomElement(using: &random) ?? ""
            }.joined()
            let format = formats.randomElement(using: &random) ?? hermes
            _ = read(text, as: format, prompt: Bool.random(using: &random) ? "<think>" : "")
        }
    }
}
