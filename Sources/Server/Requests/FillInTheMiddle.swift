import Engine
import Quantities
import Tokenization

/// The tokens that have a model write what stands between two texts (Bavarian et al. 2022).
struct FillInTheMiddle {
    private let tokens: ModelDetails.FillTokens
    /// Tokens behind which nothing stands in the middle any more, by their texts.
    private let ends: [String: TokenID]
    private let tokenizer: any Tokenizer

    /// A text that may help: a part of another file.
    struct Snippet: Sendable {
        var name: String
        var text: String
    }

    /// Texts of the tokens for prefix, suffix and middle: Qwen 2.5 Coder and CodeGemma, StarCoder and Granite,
    /// SantaCoder, DeepSeek Coder, CodeLlama.
    private static let known = [
        ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"], ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"],
        ["<fim-prefix>", "<fim-suffix>", "<fim-middle>"], ["<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"],
        ["▁<PRE>", "▁<SUF>", "▁<MID>"], ["<PRE>", "<SUF>", "<MID>"],
    ]

    private static let files = ["<|file_sep|>", "<|file_separator|>", "<file_sep>"]

    /// What models write where another file would begin, or the training text was filled up: ends of the text as well
    /// to llama.cpp.
    private static let ends =
        files + ["<|repo_name|>", "<reponame>", "<|fim_pad|>", "<fim_pad>", "<fim-pad>", "▁<EOT>", "<EOT>"]

    /// Takes the tokens that the model's file names, or those that have the texts of a known family's.
    ///
    /// - Returns: `nil` for a model without such tokens.
    init?(_ model: ServedModel) {
        let tokenizer = model.tokenizer
        func token(_ text: String) -> TokenID? {
            let tokens = tokenizer.encode(text, parsesSpecial: true, addsSpecial: false)
            guard tokens.count == 1, tokenizer.bytes(of: tokens[0], rendersSpecial: true) == Array(text.utf8) else {
                return nil
            }
            return tokens[0]
        }
        let known = Self.known.lazy.compactMap { texts -> ModelDetails.FillTokens? in
            let tokens = texts.compactMap(token)
            return tokens.count == texts.count
                ? ModelDetails.FillTokens(prefix: tokens[0], suffix: tokens[1], middle: tokens[2]) : nil
        }
        guard var tokens = model.details?.fillTokens ?? known.first else { return nil }
        tokens.file = tokens.file ?? Self.files.lazy.compactMap(token).first
        self.tokens = tokens
        ends = Dictionary(
            Self.ends.compactMap { text in token(text).map { (text, $0) } }, uniquingKeysWith: { first, _ in first })
        self.tokenizer = tokenizer
    }

    /// What a model reads that is to write what stands between two texts.
    func prompt(_ before: String, _ after: String, _ snippets: [Snippet] = []) -> [TokenID] {
        // The token that begins a text, where the model wants one.
        var prompt = Array(tokenizer.encode("", parsesSpecial: false, addsSpecial: true).prefix(1))
        for snippet in snippets {
            if let file = tokens.file {
                prompt.append(file)
                prompt += text("\(snippet.name)\n\(snippet.text)")
            } else {
                // As llama.cpp separates them.
                prompt += text("\n\n--- snippet ---\n\n\(snippet.text)")
            }
        }
        if let file = tokens.file, !snippets.isEmpty { prompt += [file] + text("filename\n") }
        return prompt + [tokens.prefix] + text(before) + [tokens.suffix] + text(after) + [tokens.middle]
    }

    /// The requests, that end where the middle does.
    func ending(_ requests: [GenerationRequest]) -> [GenerationRequest] {
        requests.map {
            var request = $0
            request.shownTokens.formUnion(ends.values)
            request.stop += ends.keys.sorted()
            return request
        }
    }

    /// Tokens of a file, which may well hold the texts of special ones.
    private func text(_ text: String) -> [TokenID] { tokenizer.encode(text, parsesSpecial: false, addsSpecial: false) }
}

extension ServedModel {
    /// - Throws: `APIError` that names `field`, for a model without the tokens for it.
    func fillInTheMiddle(_ field: String) throws(APIError) -> FillInTheMiddle {
        if let fill = FillInTheMiddle(self) { return fill }
        throw .invalid(
            field, "`\(field)` cannot be used: `\(name)` has no tokens for filling in the middle.",
            code: "no_fill_in_the_middle")
    }
}
