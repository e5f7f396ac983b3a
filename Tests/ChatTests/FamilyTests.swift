import Chat
import Jinja
import OrderedCollections
import Testing

/// What models of real families write, read by what their own templates show.
@Suite struct FamilyTests {
    /// Arguments that need care: quotes, a newline, brackets and more than ASCII in a text; and other types.
    private static let city = "Zürich \"HB\"\n{8001}"
    private static let both: [ExpectedCall] = [
        ExpectedCall("get_weather", ["city": .string(city), "days": 3]), ExpectedCall("get_time", [:]),
    ]
    private static let json = #"{"city": "Zürich \"HB\"\n{8001}", "days": 3}"#
    private static let hermes = """
        <tool_call>
        {"name": "get_weather", "arguments": \(json)}
        </tool_call>
        <tool_call>
        {"name": "get_time", "arguments": {}}
        </tool_call>
        """
    private static let coder = """
        <tool_call>
        <function=get_weather>
        <parameter=city>
        \(city)
        </parameter>
        <parameter=days>
        3
        </parameter>
        </function>
        </tool_call>
        <tool_call>
        <function=get_time>
        </function>
        </tool_call>
        """
    private static let glm =
        "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>\(city)</arg_value>\n<arg_key>days</arg_key>\n"
        + "<arg_value>3</arg_value>\n</tool_call>\n<tool_call>get_time\n</tool_call>"
    private static func dsml(_ section: String) -> String {
        """
        <｜DSML｜\(section)>
        <｜DSML｜invoke name="get_weather">
        <｜DSML｜parameter name="city" string="true">\(city)</｜DSML｜parameter>
        <｜DSML｜parameter name="days" string="false">3</｜DSML｜parameter>
        </｜DSML｜invoke>
        <｜DSML｜invoke name="get_time">
        </｜DSML｜invoke>
        </｜DSML｜\(section)>
        """
    }
    private static func list(_ name: String = "name", _ arguments: String = "arguments") -> String {
        #"[{"\#(name)": "get_weather", "\#(arguments)": \#(json)}, {"\#(name)": "get_time", "\#(arguments)": {}}]"#
    }
    private static let mistral = #"[TOOL_CALLS]get_weather[ARGS]\#(json)[TOOL_CALLS]get_time[ARGS]{}"#
    private static let kimi =
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>\(json)"
        + "<|tool_call_end|><|tool_call_begin|>functions.get_time:1<|tool_call_argument_begin|>{}<|tool_call_end|>"
        + "<|tool_calls_section_end|>"
    private static let r1 =
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n\(json)\n```"
        + "<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_time\n```json\n{}\n```<｜tool▁call▁end｜>"
        + "<｜tool▁calls▁end｜>"
    private static let python =
        #"[get_weather(city="Zürich \"HB\"\n{8001}", days=3), get_time()]"#

    /// An answer of a model with its calls: reasoning, text and calls.
    struct Answer {
        var template: String
        var text: String
        var reasoning = ""
        var content = ""

        init(_ template: String, _ text: String, reasoning: String = "", content: String = "") {
            (self.template, self.text, self.reasoning, self.content) = (template, text, reasoning, content)
        }
    }

    static let answers: [Answer] = [
        Answer("Qwen-Qwen2.5-7B-Instruct", "Let me look.\n" + hermes, content: "Let me look."),
        Answer("Qwen-Qwen3-0.6B", "<think>\nHm.\n\n1 < 2\n</think>\n\n" + hermes, reasoning: "Hm.\n\n1 < 2"),
        Answer("NousResearch-Hermes-3-Llama-3.1-8B-tool_use", hermes),
        Answer("HuggingFaceTB-SmolLM3-3B", "<think>\nHm.\n</think>\n" + hermes, reasoning: "Hm."),
        Answer("ibm-granite-granite-4.0", hermes),
        Answer("ibm-granite-granite-3.3-2B-Instruct", "<|tool_call|>" + list()),
        Answer("Bielik-11B-v3.0-Instruct", hermes), Answer("MiMo-VL", hermes), Answer("Reka-Edge", hermes),
        Answer("Qwen3-Coder", "I see.\n\n" + coder, content: "I see."),
        Answer("Qwen3.5-4B", "Hm.\n</think>\n\n" + coder, reasoning: "Hm."),
        Answer("NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "Hm.\n</think>\n" + coder, reasoning: "Hm."),
        Answer("StepFun3.5-Flash", "Hm.\n</think>\n" + coder, reasoning: "Hm."),
        Answer(
            "ByteDance-Seed-OSS",
            "<seed:think>Hm.</seed:think>\n<seed:tool_call>\n<function=get_weather>\n<parameter=city>\(city)</parameter>\n"
                + "<parameter=days>3</parameter>\n</function>\n</seed:tool_call>\n<seed:tool_call>\n<function=get_time>\n"
                + "</function>\n</seed:tool_call>", reasoning: "Hm."),
        Answer("NVIDIA-Nemotron-Nano-v2", "Hm.\n</think>\n<TOOLCALL>\(list())</TOOLCALL>", reasoning: "Hm."),
        Answer("mistralai-Mistral-Nemo-Instruct-2407", "[TOOL_CALLS]\(list())"),
        Answer(
            "Mistral-Small-3.2-24B-Instruct-2506",
            "[TOOL_CALLS]get_weather[CALL_ID]abc123XYZ[ARGS]\(json)[TOOL_CALLS]get_time[CALL_ID]abc123XYA[ARGS]{}"),
        Answer("unsloth-mistral-Devstral-Small-2507", mistral),
        Answer(
            "mistralai-Ministral-3-14B-Reasoning-2512", "[THINK]Hm.[/THINK]I see.\(mistral)", reasoning: "Hm.",
            content: "I see."),
        Answer(
            "openai-gpt-oss-120b",
            "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary<|message|>I see.<|end|>"
                + "<|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>\(json)"
                + "<|call|><|start|>assistant to=functions.get_time<|channel|>commentary json<|message|>{}",
            reasoning: "Hm.", content: "I see."),
        Answer(
            "google-gemma-4-31B-it",
            "<|channel>thought\nHm.\n<channel|><|tool_call>call:get_weather{city:<|\"|>\(city)<|\"|>,days:3}<tool_call|>"
                + "<|tool_call>call:get_time{}<tool_call|>", reasoning: "Hm."),
        Answer("LFM2-8B-A1B", "<|tool_call_start|>\(python)<|tool_call_end|>Wait.", content: "Wait."),
        Answer(
            "LFM2.5-8B-A1B", "<think>Hm.</think><|tool_call_start|>\(python)<|tool_call_end|>", reasoning: "Hm."),
        Answer("deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "Hm.\n</think>\n\n" + r1, reasoning: "Hm."),
        Answer("llama-cpp-deepseek-r1", "<think>\nHm.\n</think>\n" + r1, reasoning: "Hm."),
        Answer(
            "deepseek-ai-DeepSeek-V3.1",
            "I see.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>\(json)<｜tool▁call▁end｜>"
                + "<｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>", content: "I see."),
        Answer("deepseek-ai-DeepSeek-V3.2", "\n\n" + dsml("function_calls")),
        Answer("deepseek-ai-DeepSeek-V4", dsml("tool_calls")),
        Answer(
            "CohereForAI-c4ai-command-r7b-12-2024-tool_use",
            "<|START_ACTION|>[\n    {\"tool_call_id\": \"0\", \"tool_name\": \"get_weather\", \"parameters\": \(json)},\n"
                + "    {\"tool_call_id\": \"1\", \"tool_name\": \"get_time\", \"parameters\": {}}\n]<|END_ACTION|>"),
        Answer("CohereForAI-c4ai-command-r-plus-tool_use", "Action:\n```json\n\(list("tool_name", "parameters"))```"),
        Answer("GLM-4.6", "\n<think>Hm.</think>\n" + glm, reasoning: "Hm."),
        Answer("GLM-4.7-Flash", "Hm.</think>" + glm.replacing("\n<", with: "<"), reasoning: "Hm."),
        Answer("poolside-Laguna-S-2.1", "Hm.</think>" + glm.replacing("\n<", with: "<"), reasoning: "Hm."),
        Answer("inclusionai-ling-3.0-flash", "Hm.</think>" + glm, reasoning: "Hm."),
        Answer("moonshotai-Kimi-K2", "I see." + kimi, content: "I see."), Answer("Kimi-K2-Instruct", kimi),
        Answer("Kimi-K2-Thinking", "<think>Hm.</think>" + kimi, reasoning: "Hm."),
        Answer(
            "MiniMax-M1",
            "<tool_calls>\n{\"name\": \"get_weather\", \"arguments\": \(json)}\n{\"name\": \"get_time\", \"arguments\": {}}\n"
                + "</tool_calls>"),
        Answer(
            "MiniMax-M2",
            "Hm.\n</think>\n\n<minimax:tool_call>\n<invoke name=\"get_weather\">\n<parameter name=\"city\">\(city)</parameter>\n"
                + "<parameter name=\"days\">3</parameter>\n</invoke>\n<invoke name=\"get_time\">\n</invoke>\n"
                + "</minimax:tool_call>", reasoning: "Hm."),
        Answer(
            "Apertus-8B-Instruct",
            "<|tools_prefix|>[{\"get_weather\": \(json)}, {\"get_time\": {}}]<|tools_suffix|>"),
        Answer("unsloth-Apriel-1.5", "<tool_calls>\(list())</tool_calls>"),
        Answer(
            "Apriel-1.6-15b-Thinker-fixed", "Hm.\n[BEGIN FINAL RESPONSE]\n<tool_calls>\(list())</tool_calls>",
            reasoning: "Hm."),
        Answer(
            "meetkai-functionary-medium-v3.1",
            "<function=get_weather>\(json)</function><function=get_time>{}</function>"),
        Answer(
            "meetkai-functionary-medium-v3.2", "all\nI see.>>>get_weather\n\(json)>>>get_time\n{}", content: "I see."),
        Answer(
            "upstage-Solar-Open-100B",
            "<|think|>Hm.<|end|><|begin|>assistant<|tool_calls|><|tool_call:begin|>abc<|tool_call:name|>get_weather"
                + "<|tool_call:args|>\(json)<|tool_call:end|><|tool_call:begin|>abd<|tool_call:name|>get_time"
                + "<|tool_call:args|>{}<|tool_call:end|>", reasoning: "Hm."),
        Answer(
            "openbmb-MiniCPM5-1B",
            "<function name=\"get_weather\"><param name=\"city\">\(city)</param><param name=\"days\">3</param></function>\n"
                + "<function name=\"get_time\"></function>"),
        Answer(
            "tencent-Hy3",
            "<tool_calls:opensource>\n<tool_call:opensource>get_weather<tool_sep:opensource>\n<arg_key:opensource>city"
                + "</arg_key:opensource>\n<arg_value:opensource>\(city)</arg_value:opensource>\n<arg_key:opensource>days"
                + "</arg_key:opensource>\n<arg_value:opensource>3</arg_value:opensource>\n</tool_call:opensource>\n"
                + "<tool_call:opensource>get_time<tool_sep:opensource>\n</tool_call:opensource>\n</tool_calls:opensource>"
        ),
        Answer("Spark2.5", "Hm.</think>" + glm.replacing("\n<", with: "<"), reasoning: "Hm."),
        Answer("GigaChat3.1-10B-A1.8B", "<|function_call|>" + list().dropFirst().dropLast()),
        Answer(
            "meta-llama-Llama-3.1-8B-Instruct",
            list("name", "parameters").dropFirst().dropLast().replacing("}, {", with: "}; {")),
        Answer(
            "meta-llama-Llama-3.2-3B-Instruct", "<|python_tag|>" + list("name", "parameters").dropFirst().dropLast()),
        // Told in the prompt how to call, as their templates know no tools.
        Answer("google-gemma-2-2b-it", "I see.\n" + hermes, content: "I see."),
        Answer("microsoft-Phi-3.5-mini-instruct", hermes),
    ]

    @Test func `Calls of real families are read, however their text is cut`() throws {
        guard Templates.areThere else { return Templates.skip("the calls of real families") }
        #expect(Set(Self.answers.map(\.template)).count >= 50)
        for answer in Self.answers {
            let template = try Templates.template(answer.template)
            let question = ChatPrompt(
                [ChatMessage(role: "user", content: "How is the weather?")], tools: Tools.plain,
                now: DateTime(year: 2026, month: 1, day: 1))
            let prompt: String
            do { prompt = try template.render(question) } catch {
                Issue.record("\(answer.template): \(error)")
                continue
            }
            let output = read(answer.text, as: template.format, prompt: prompt)
            #expect(output.calls.map(ExpectedCall.init) == Self.both, "\(answer.template): \(output)")
            #expect(output.reasoning == answer.reasoning, "\(answer.template)")
            #expect(output.text == answer.content, "\(answer.template)")
        }
    }

    @Test func `Every real template takes a conversation with calls, and shows all of it`() throws {
        guard Templates.areThere else { return Templates.skip("conversations with calls") }
        let call = ChatToolCall(id: "abcdefghi", name: "get_weather", arguments: #"{"city": "Bern"}"#)
        let messages = [
            ChatMessage(role: "system", content: "Be brief."), ChatMessage(role: "user", content: "Weather in Bern?"),
            ChatMessage(role: "assistant", content: "", reasoning: "I need the weather.", calls: [call]),
            ChatMessage(role: "tool", content: "It rains.", callID: call.id),
        ]
        // It wants the functions under a name of its own.
        for name in try Templates.names where !name.contains("firefunction") {
            let prompt = ChatPrompt(messages, tools: Tools.plain, now: DateTime(year: 2026, month: 1, day: 1))
            let text: String
            do { text = try Templates.template(name).render(prompt) } catch {
                Issue.record("\(name): \(error)")
                continue
            }
            // Where the last message is a result, this template writes no system message.
            let shown = name == "mistralai-Mistral-Nemo-Instruct-2407" ? [] : ["Be brief."]
            for part in shown + ["Weather in Bern?", "get_weather", "Bern", "It rains.", "get_time"] {
                #expect(text.contains(part), "\(name) without \(part)")
            }
        }
    }
}

extension String {
    fileprivate static func + (text: String, rest: Substring) -> String { text + rest.description }
}

extension FamilyTests.Answer {
    fileprivate init(_ template: String, _ text: Substring) { self.init(template, text.description) }
}

extension FamilyTests {
    @Test func `What a call is forced to be is read as that call`() throws {
        guard Templates.areThere else { return Templates.skip("forced calls of real families") }
        var forced = 0
        for name in Set(Self.answers.map(\.template)).sorted() {
            let format = try Templates.template(name).format
            for tool in Tools.plain {
                let prompt = "<|assistant|><think>\n"
                guard let text = format.forcedCalls(of: [tool], allowsSeveral: true, prompt: prompt) else { continue }
                forced += 1
                let output = read(text.example, as: format, tools: Tools.plain, prompt: prompt)
                let expected: Value = tool.name == "get_weather" ? ["city": "x", "days": 3] : [:]
                #expect(
                    output.calls.map(ExpectedCall.init) == [ExpectedCall(tool.name, expected)], "\(name): \(output)")
                #expect(output.text.isEmpty, "\(name): \(output)")
            }
        }
        #expect(forced > 80)
    }
}

extension ForcedText {
    /// A text of this form.
    fileprivate var example: String {
        switch self {
        case .text(let text): text
        case .json(let schema) where schema == ["type": "integer", "description": "How many."]: "3"
        case .json(let schema) where schema == Tools.plain[0].parameters: #"{"city": "x", "days": 3}"#
        case .json: "{}"
        case .anything(let end): "x" + end
        case .sequence(let parts): parts.map(\.example).joined()
        case .choice(let choices): choices.first?.example ?? ""
        case .repeated(let part, _): part.example
        }
    }
}
