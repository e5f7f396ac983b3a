import Chat
import Jinja
import OrderedCollections
import Testing

@Suite struct TemplateTests {
    private let messages = [
        ChatMessage(role: "user", content: "Hi {{ x }}"), ChatMessage(role: "assistant", content: "Hello"),
    ]
    private let call = ChatToolCall(id: "c1", name: "get_time", arguments: #"{"zone": "CET"}"#)

    private func template(_ source: String) throws -> ChatTemplate {
        try ChatTemplate(source: source, beginningOfText: "<s>", endOfText: "</s>")
    }

    private func failure(_ source: String) -> ChatTemplateError? {
        do throws(ChatTemplateError) {
            _ = try ChatTemplate(source: source, beginningOfText: "<s>", endOfText: "</s>").render(ChatPrompt(messages))
            return nil
        } catch {
            return error
        }
    }

    @Test func `Templates see the special tokens, no tools, and messages as they are`() throws {
        let template = try template(
            "{{ bos_token }}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}"
                + "{{ tools }}{{ add_generation_prompt }}{{ strftime_now is defined }}")
        #expect(
            try template.render(ChatPrompt(messages, addsGenerationPrompt: false))
                == "<s>Hi {{ x }}</s>Hello</s>NoneFalseFalse")
    }

    @Test func `The date is what it is told, where a template cannot do without`() throws {
        let now = DateTime(year: 2026, month: 3, day: 9)
        let prompt = ChatPrompt([], addsGenerationPrompt: false, now: now)
        #expect(try template("{{ strftime_now('%d %B %Y') }}").render(prompt) == "09 March 2026")
        let own = "{% if strftime_now is defined %}{{ strftime_now('%Y') }}{% else %}2024{% endif %}"
        #expect(try template(own).render(prompt) == "2024")
    }

    @Test func `Options reach the template`() throws {
        let options: [String: Value] = ["enable_thinking": false, "tools": "none"]
        let text = try template("{{ enable_thinking }} {{ tools }}").render(
            ChatPrompt([], options: options, addsGenerationPrompt: false))
        #expect(text == "False none")
    }

    @Test func `A refusal is the template's own words`() {
        #expect(failure("{{ raise_exception('Roles must alternate') }}")?.description == "Roles must alternate")
    }

    @Test func `Failures name the line`() {
        #expect(failure("a\n{% if %}")?.description.contains("line 2") == true)
        #expect(failure("a\n{{ messages[0].parts.text }}")?.description.contains("line 2") == true)
        #expect(failure("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}") != nil)
    }

    @Test func `Arguments are objects, or text for templates that cannot take objects`() throws {
        let prompt = ChatPrompt(
            [ChatMessage(role: "assistant", content: "", calls: [call])], addsGenerationPrompt: false)
        let loop = "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls %}{{ c.function.name }}"
        let end = "{% endfor %}{% endfor %}"
        let objects = try template(
            "\(loop){{ c.function.arguments.items() | list }}{% if false %}{{ tools }}{% endif %}\(end)")
        #expect(try objects.render(prompt).contains("[('zone', 'CET')]"))
        let texts = try template("\(loop){{ '=' + c.function.arguments }}\(end)")
        #expect(try texts.render(prompt) == #"get_time={"zone": "CET"}"#)
        let any = try template("\(loop)={{ c.function.arguments | tojson }}\(end)")
        #expect(try any.render(prompt) == #"get_time={"zone": "CET"}"#)
    }

    @Test func `What a template leaves out is put into words`() throws {
        let template = try template(
            "{% for m in messages %}{% if m.role not in ['user', 'assistant'] %}{{ raise_exception('no ' + m.role) }}"
                + "{% endif %}[{{ m.role }}] {{ m.content }}\n{% endfor %}")
        let prompt = ChatPrompt(
            [
                ChatMessage(role: "system", content: "Be brief."),
                ChatMessage(role: "user", content: "What time is it?"),
                ChatMessage(role: "assistant", content: "", calls: [call]),
                ChatMessage(role: "tool", content: "noon", callID: "c1"),
            ], tools: [Tools.time])
        let text = try template.render(prompt)
        #expect(text.hasPrefix("[user] Be brief.\n\n# Tools\n"))
        #expect(text.contains("Tells the time."))
        #expect(text.contains("</tool_call>\n\nWhat time is it?\n[assistant] <tool_call>\n{\"name\": \"get_time\""))
        #expect(text.hasSuffix("</tool_call>\n[user] <tool_response>\nnoon\n</tool_response>\n"))
        #expect(template.format.calls == .hermes)
    }

    @Test func `Results get the names of their tools`() throws {
        let template = try template(
            "{% for m in messages %}{% for c in m.tool_calls %}{{ c.function }}{% endfor %}"
                + "{{ m.name }}={{ m.content }} {% endfor %}")
        let prompt = ChatPrompt([
            ChatMessage(role: "assistant", content: "", calls: [call]),
            ChatMessage(role: "tool", content: "noon", callID: "c1"),
        ])
        #expect(try template.render(prompt).hasSuffix("get_time=noon "))
    }

    @Test func `Parts of content are for templates that want them`() throws {
        let template = try template(
            "{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}")
        #expect(try template.render(ChatPrompt(messages)) == "Hi {{ x }}Hello")
    }

    @Test func `A hostile template is done with soon`() throws {
        let template = try template("{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}")
        #expect(template.format.calls == .hermes)
        #expect(!template.features.tools)
    }
}
