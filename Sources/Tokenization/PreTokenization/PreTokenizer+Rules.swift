extension PreTokenizer {
    /// - Parameter name: the value of `tokenizer.ggml.pre`.
    /// - Throws: `TokenizerError.unsupportedPreTokenizer`.
    package init(named name: String) throws(TokenizerError) {
        guard let rule = Self.rules.first(where: { $0.names.contains(name) }) else {
            throw .unsupportedPreTokenizer(name)
        }
        self.init(rule.cuts(), rule.customs)
    }

    /// All names that `init(named:)` knows.
    package static var names: [String] { rules.flatMap(\.names) }

    private struct Rule: Sendable {
        let names: [String]
        let customs: Customs
        let cuts: @Sendable () -> [Cut]

        init(_ names: String, _ customs: Customs = [], cuts: @escaping @Sendable () -> [Cut]) {
            self.names = names.split(separator: " ").map(String.init)
            self.customs = customs
            self.cuts = cuts
        }

        init(_ names: String, _ customs: Customs = [], _ patterns: String...) {
            self.init(names, customs) { patterns.map { .matches(Pattern($0)) } }
        }
    }

    /// The rules by the names that files have for them. The patterns are those of the models' own `tokenizer.json`;
    /// the names, and what goes with them, are llama.cpp's.
    private static let rules = [
        Rule(
            "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral lfm2 midm-2.0 jina-v5-nano",
            [.keepsWholeWords, .addsBeginning], words(numbers: #"\p{N}{1,3}"#)),
        Rule("dbrx smaug-bpe chatglm-bpe", [], words(numbers: #"\p{N}{1,3}"#)),
        Rule("glm4 glm5", .keepsWholeWords, words(numbers: #"\p{N}{1,3}"#)),
        Rule(
            "qwen2 deepseek-r1-qwen stablelm2 hunyuan megrez solar-open grok-2 kormo f2llmv2", [],
            words(numbers: #"\p{N}"#)),
        Rule("qwen35", [], words(letters: #"[\p{L}\p{M}]"#, numbers: #"\p{N}"#, other: #"[^\s\p{L}\p{M}\p{N}]"#)),
        Rule("gpt-4o llama4 kanana2 minimax-m2", [], casedWords(contractions + "?", numbers: #"\p{N}{1,3}"#)),
        Rule("tekken", [.keepsWholeWords, .addsBeginning], casedWords("", numbers: #"\p{N}"#)),
        Rule("smollm starcoder refact command-r codeshell exaone minerva-7b mellum2", [], #"\p{N}"#, gpt2),
        Rule(
            "gpt-2 phi-2 olmo mpt jais exaone4 trillion granite-docling mellum modern-bert jina-es jina-de jina-v2-es "
                + "jina-v2-de a.x-4.0",
            [], gpt2),
        Rule("jina-v1-en jina-v2-code roberta-bpe", .addsSeparator, gpt2),
        Rule("deepseek-v3 hunyuan-dense joyai-llm hy_v4", [], #"\p{N}{1,3}"#, "[一-龥぀-ゟ゠-ヿ]+", markedWords),
        Rule(
            "deepseek-llm", [], #"[\r\n]"#, deepSeekLetters, "\\s?[!-/:-~！-／：-～‘-‟　-。]+", #"\s+$"#,
            "[一-龥ࠀ-一가-퟿]+", #"\p{N}+"#),
        Rule(
            "deepseek-coder", [], #"[\r\n]"#, #"\s?\p{L}+"#, #"\s?\p{P}+"#, "[一-龥ࠀ-一가-퟿]+",
            #"\p{N}"#),
        Rule("falcon", [], #"[\p{P}\$\+<=>\^~\|`]+"#, gpt2, "[0-9][0-9][0-9]"),
        Rule("kimi-k2", [], hanWords),
        Rule(
            "seed-coder", [],
            contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"#),
        Rule(
            "exaone-moe", [],
            contractions + #"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}"#
                + #"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"#),
        Rule("tiny_aya") {
            thousands(of: #"\d"#, inWords: false)
                + [.matches(Pattern(casedWords(contractions + "?", numbers: #"\p{N}{1,3}"#)))]
        },
        Rule("superbpe") { [.matches(Pattern(#"\p{N}+"#))] + thousands(of: #"\d"#, inWords: true) },
        Rule("afmoe") {
            thousands(of: #"\p{N}"#, inWords: true) + [.matches(Pattern(asianLetters)), .matches(Pattern(markedWords))]
        },
        Rule(
            "youtu", .keepsWholeWords,
            "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+",
            casedWords(contractions + "?", numbers: #"\p{N}"#)),
        Rule("poro-chat bloom", [], #" ?[^(\s|.,!?…。，、।۔،)]+"#),
        Rule("viking", [], #" ?[^(\s|.,!?…。，、।۔،)]+"#, #"\p{N}"#),
        Rule("gemma4", .readsCharacters, #"[^\n]+|[\n]+"#),
    ]

    private static func thousands(of digits: String, inWords: Bool) -> [Cut] {
        Pattern(digits).set.map { [.thousands($0, inWords: inWords)] } ?? []
    }

    private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"

    /// White space, with the newlines at the end of it or without its last scalar.
    private static let spaces = #"|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// GPT-2's words take a space before them along.
    private static let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"#

    /// GPT-4's words take any one scalar before them along, and other text the newlines behind it.
    private static func words(
        letters: String = #"\p{L}"#, numbers: String, other: String = #"[^\s\p{L}\p{N}]"#
    ) -> String {
        contractions + #"|[^\r\n\p{L}\p{N}]?"# + letters + "+|" + numbers + "| ?" + other + #"+[\r\n]*"# + spaces
    }

    /// GPT-4o's words end before a capital.
    private static func casedWords(
        _ ending: String, numbers: String, without script: String = "", newlines: String = #"[\r\n/]"#
    ) -> String {
        let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}"# + script + "]"
        let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}"# + script + "]"
        let first = #"[^\r\n\p{L}\p{N}]?"#
        return first + upper + "*" + lower + "+" + ending + "|" + first + upper + "+" + lower + "*" + ending + "|"
            + numbers + #"| ?[^\s\p{L}\p{N}]+"# + newlines + "*" + spaces
    }

    /// Kimi's words are GPT-4o's, but runs of Han are apart, and no slash follows other text.
    private static let hanWords =
        #"[\p{Han}]+|"#
        + casedWords(
            contractions + "?", numbers: #"\p{N}{1,3}"#, without: #"&&[^\p{Han}]"#, newlines: #"[\r\n]"#)

    /// DeepSeek's words take a mark before them along, or any other scalar.
    private static let markedWords =
        ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
        + #"| ?[\p{P}\p{S}]+[\r\n]*"# + spaces

    private static let deepSeekLetters =
        #"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅ"#
        + #"ὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿ"#
        + #"ﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+"#

    private static let asianLetters =
        "[一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+"
}
