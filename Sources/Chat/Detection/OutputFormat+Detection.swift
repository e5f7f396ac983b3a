extension OutputFormat {
    /// What a template shows of its model's answers.
    ///
    /// Formats whose arguments are not JSON, nor marked one by one, are known by their markers. All others are found by
    /// comparing answers with text, with reasoning, with a call and with two. Source of the idea: llama.cpp.
    init(source: String, trial: TemplateTrial) {
        let answer = trial.answer
        let prompt = MarkupPieces(trial.prompt ?? "")
        calls = CallSyntax.known(source)
        if case .channels = calls { return }

        if source.contains("<channel|>") {
            reasoning = Span(begin: "<|channel>thought", end: "<channel|>")
        } else if let (before, between) = trial.reasoning {
            let (span, rest) = Self.reasoning(before: before, between: between, prompt: prompt, answer: answer?.before)
            reasoning = span
            silent += rest
        } else {
            let known = [("<think>", "</think>"), ("[THINK]", "[/THINK]"), ("<|START_THINKING|>", "<|END_THINKING|>")]
            reasoning = known.first { source.contains($0.0) }.map { Span(begin: $0.0, end: $0.1) }
        }
        if source.contains("<response></response>") { silent += ["<response>", "</response>"] }

        let reasoningTags = MarkupPieces(reasoning.map { $0.begin + $0.end } ?? "").tags
        let comparison = CallComparison(trial, answer: answer, reasoningTags: reasoningTags)
        if calls == nil { calls = comparison?.syntax }
        // What stands around the text of an answer, and not around a call.
        if let answer {
            silent += MarkupPieces(answer.before).dropping(prefix: prompt).removing(reasoningTags).runs
            if let comparison { silent += comparison.behindText.runs }
        }
        silent = Array(Set(silent.filter { $0.contains("<") })).sorted()
        // A model that was taught otherwise is told how to call in words; see `TemplateShape.prose`.
        calls = calls ?? (source.contains("<|tool_call|>") ? Self.granite : .hermes)
    }

    /// Granite 3 and Phi 4 mini, whose templates leave calls out.
    private static let granite = CallSyntax.json(
        CallSyntax.JSONCalls(begins: ["<|tool_call|>"], ends: ["<|/tool_call|>"]))

    /// - Returns: the marks of reasoning, and those that the text has behind it.
    private static func reasoning(
        before: String, between: String, prompt: MarkupPieces, answer: String?
    ) -> (Span, [String]) {
        let lead = MarkupPieces(before)
        var begin = lead.dropping(prefix: prompt).dropping(prefix: MarkupPieces(answer ?? "")).text
        // A prompt may open the reasoning, or a template write it empty: the last tag says so by its name.
        if begin.isEmpty, let tag = lead.tags.last, tag.lowercased().contains("think") { begin = tag }
        let pieces = MarkupPieces(between)
        var end = pieces.pieces.prefix { !$0.hasPrefix("<") && !$0.hasPrefix("[") }.joined()
        let rest = pieces.pieces.dropFirst(pieces.pieces.prefix { !$0.hasPrefix("<") && !$0.hasPrefix("[") }.count)
        // `<|close|>think<|sep|>` is one mark.
        let isWord = rest.dropFirst().first == "think"
        end += rest.prefix(isWord ? 3 : 1).joined()
        return (Span(begin: begin, end: end.trimmed), MarkupPieces(rest.dropFirst(isWord ? 3 : 1).joined()).runs)
    }
}

extension CallSyntax {
    /// The syntaxes that no comparison finds.
    fileprivate static func known(_ source: String) -> CallSyntax? {
        func has(_ texts: String...) -> Bool { texts.allSatisfy(source.contains) }
        if has("<|channel|>", "<|message|>", "<|start|>") { return .channels(.harmony) }
        if has(">>>all") { return .channels(.functionary) }
        if has("<|tool_call>call:") { return .gemma }
        if has("<|tool_call_argument_begin|>") { return .tagged(.kimi) }
        if has("<|tool_list_start|>") || has("<|tool_call_start|>") || has("List of tools: [", "<|im_start|>") {
            return .pythonic(OutputFormat.Span(begin: "<|tool_call_start|>", end: "<|tool_call_end|>"))
        }
        // Llama 4, and others that are told to write a list of Python's calls and nothing else.
        if has("[func_name1(") || has("<|python_start|>") { return .pythonic(OutputFormat.Span(begin: "", end: "")) }
        return nil
    }
}

extension CallSyntax.Channels {
    /// OpenAI's gpt-oss.
    static let harmony = CallSyntax.Channels(
        begins: ["<|start|>", "<|channel|>"], headerEnd: "<|message|>", ends: ["<|end|>", "<|call|>", "<|return|>"])
    /// Functionary 3.2: `>>>all` or `>>>NAME`, and a line of its own for each.
    static let functionary = CallSyntax.Channels(begins: [], headerEnd: "\n", ends: [">>>"])
}

extension CallSyntax.TaggedCalls {
    static let kimi = CallSyntax.TaggedCalls(
        section: OutputFormat.Span(begin: "<|tool_calls_section_begin|>", end: "<|tool_calls_section_end|>"),
        call: OutputFormat.Span(begin: "<|tool_call_begin|>", end: "<|tool_call_end|>"), header: .numbered,
        headerEnd: "<|tool_call_argument_begin|>")
}
