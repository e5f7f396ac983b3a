import Foundation
import Testing
import Tokenization

@Suite struct ChatTemplateFeaturesTests {
    private func features(_ source: String) throws -> String {
        let features = try ChatTemplate(source: source, beginningOfText: "<s>", endOfText: "</s>").features
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
        #expect(try features(source) == expected)
    }

    @Test func `Models' own templates`() throws {
        let folder = URL(filePath: Downloads.vocabularies).deletingLastPathComponent().appending(path: "templates")
        let known = [
            "google-gemma-2-2b-it": "", "microsoft-Phi-3.5-mini-instruct": "system",
            "Qwen-Qwen2.5-7B-Instruct": "system tools", "Qwen-Qwen3-0.6B": "system tools thinking",
            "meta-llama-Llama-3.1-8B-Instruct": "system tools", "HuggingFaceTB-SmolLM3-3B": "system thinking",
            "openai-gpt-oss-120b": "system tools", "GLM-4.6": "system tools thinking",
            "ibm-granite-granite-4.0": "system tools", "LFM2-8B-A1B": "system tools",
            "mistralai-Ministral-3-14B-Reasoning-2512": "system tools", "Qwen3.5-4B": "system tools thinking",
        ]
        guard FileManager.default.fileExists(atPath: folder.path) else {
            return Downloads.skip("features of models' own chat templates")
        }
        for (name, expected) in known {
            let source = try String(contentsOf: folder.appending(path: name + ".jinja"), encoding: .utf8)
            #expect(try features(source) == expected, "\(name)")
        }
    }
}
