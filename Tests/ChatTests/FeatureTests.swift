import Chat
import Testing

@Suite struct FeatureTests {
    private func text(_ features: ChatTemplateFeatures) -> String {
        let texts = [
            features.systemMessage ? "system" : nil, features.tools ? "tools" : nil,
            features.enableThinking ? "thinking" : nil,
        ]
        return texts.compactMap { $0 }.joined(separator: " ")
    }

    @Test(
        "What templates do counts, not what they say",
        arguments: [
            ("{% for m in messages %}{{ m.content }}{% endfor %}", "system"),
            // Words of a feature that nothing comes of.
            ("{# tools enable_thinking system #}{% if tools %}tools{% endif %}{{ messages[-1].content }}", ""),
            ("{% for t in tools %}{{ t.function.name }}{% endfor %}{{ messages[-1].content }}", "tools"),
            ("{{ tools | tojson }}{{ messages[0].content }}", "system tools"),
            ("{{ messages[-1].content }}{% if not enable_thinking %}<think></think>{% endif %}", "thinking"),
            ("{% if enable_thinking is defined %}{{ messages[-1].content }}{% endif %}", ""),
            ("{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}{{ tools }}", "tools"),
            ("{{ messages[0].content }}{{ tools }}{{ 1 + strftime_now('%d') | int }}", "system tools"),
            ("{{ raise_exception('nothing') }}", ""),
        ])
    func rendered(source: String, expected: String) throws {
        let template = try ChatTemplate(source: source, beginningOfText: "<s>", endOfText: "</s>")
        #expect(text(template.features) == expected)
    }

    @Test func `Models' own templates`() throws {
        let known = [
            "google-gemma-2-2b-it": "", "microsoft-Phi-3.5-mini-instruct": "system",
            "Qwen-Qwen2.5-7B-Instruct": "system tools", "Qwen-Qwen3-0.6B": "system tools thinking",
            "meta-llama-Llama-3.1-8B-Instruct": "system tools", "HuggingFaceTB-SmolLM3-3B": "system thinking",
            "openai-gpt-oss-120b": "system tools", "GLM-4.6": "system tools thinking",
            "ibm-granite-granite-4.0": "system tools", "LFM2-8B-A1B": "system tools",
            "mistralai-Ministral-3-14B-Reasoning-2512": "system tools", "Qwen3.5-4B": "system tools thinking",
        ]
        guard Templates.areThere else { return Templates.skip("features of models' own chat templates") }
        for (name, expected) in known {
            #expect(text(try Templates.template(name).features) == expected, "\(name)")
        }
    }
}
