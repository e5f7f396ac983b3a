import Jinja
import Testing
import Tokenization

@Suite struct ChatTemplateTests {
    private let messages = [
        ChatMessage(role: "user", content: "Hi {{ x }}"), ChatMessage(role: "assistant", content: "Hello"),
    ]

    private func failure(_ source: String) -> ChatTemplateError? {
        do throws(ChatTemplateError) {
            _ = try ChatTemplate(source: source, beginningOfText: "<s>", endOfText: "</s>")
                .render(messages, addsGenerationPrompt: true)
            return nil
        } catch {
            return error
        }
    }

    @Test func `SmolLM2's own template gives its golden prompt`() throws {
        let template = try ChatTemplate(source: SmolLM2.chatTemplate, beginningOfText: "", endOfText: "")
        let golden = try Resources.json("smollm2-135m-instruct.json", as: GoldenTokenizationTests.Golden.self)
        let prompt = try #require(golden.prompts.first { $0.name == "chat_gravity" })
        let question = ChatMessage(role: "user", content: "What is gravity? Answer in two sentences.")
        let text = try template.render([question], addsGenerationPrompt: true)
        #expect(text == prompt.prompt)
        let tokens = try SmolLM2.tokenizer.encode(text, parsesSpecial: true, addsSpecial: false)
        #expect(tokens == prompt.promptIDs)
    }

    @Test func `Templates see the special tokens, no tools, and messages as they are`() throws {
        let template = try ChatTemplate(
            source: "{{ bos_token }}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}"
                + "{{ tools }}{{ add_generation_prompt }}{{ strftime_now is defined }}",
            beginningOfText: "<s>", endOfText: "</s>")
        #expect(
            try template.render(messages, addsGenerationPrompt: false) == "<s>Hi {{ x }}</s>Hello</s>NoneFalseFalse")
    }

    @Test func `The date is what it is told`() throws {
        let template = try ChatTemplate(
            source: "{{ strftime_now('%d %B %Y') }}", beginningOfText: "", endOfText: "")
        let now = DateTime(year: 2026, month: 3, day: 9)
        #expect(try template.render([], addsGenerationPrompt: false, now: now) == "09 March 2026")
    }

    @Test func `A refusal is the template's own words`() {
        #expect(failure("{{ raise_exception('Roles must alternate') }}")?.description == "Roles must alternate")
    }

    @Test func `Failures name the line`() {
        #expect(failure("a\n{% if %}")?.description.contains("line 2") == true)
        #expect(failure("a\n{{ messages[0].parts.text }}")?.description.contains("line 2") == true)
        #expect(failure("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}") != nil)
    }
}
