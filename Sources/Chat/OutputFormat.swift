/// How a model writes what is not plain text: its reasoning and its tool calls.
///
/// `ChatTemplate` finds it by rendering made-up turns; `ChatReader` reads by it. Markers are texts; white space in one
/// stands for any, or for none, as models are careless of it.
package struct OutputFormat: Sendable, Hashable {
    /// What stands around the model's reasoning; `nil` for a model that does none.
    package var reasoning: Span?
    /// `nil` where nothing is known of the model's calls.
    package var calls: CallSyntax?
    /// Markers that are no text wherever they stand in an answer: what the model puts around it.
    package var silent: [String] = []

    package init(reasoning: Span? = nil, calls: CallSyntax? = nil, silent: [String] = []) {
        self.reasoning = reasoning
        self.calls = calls
        self.silent = silent
    }

    /// The marks before and behind something. An empty beginning is one that the prompt always has.
    package struct Span: Sendable, Hashable {
        package var begin: String
        package var end: String

        package init(begin: String, end: String) {
            self.begin = begin
            self.end = end
        }
    }

    /// The marks of reasoning, also where it is a message among others.
    package var anyReasoning: Span? {
        if case .channels(let channels) = calls, channels == .harmony {
            return Span(begin: "<|channel|>analysis<|message|>", end: "<|end|>")
        }
        return reasoning
    }

    /// What ends reasoning and lets the answer begin.
    package var reasoningClosing: String? {
        anyReasoning.map { $0.end == reasoning?.end ? "\n\($0.end)\n" : "\($0.end)<|start|>assistant" }
    }

    /// All texts that mean something, for finding the special tokens among them.
    package var markers: [String] {
        [reasoning?.begin, reasoning?.end].compactMap(\.self) + silent + (calls?.markers ?? [])
    }
}

/// How a model writes tool calls.
package enum CallSyntax: Sendable, Hashable {
    /// `<tool_call>{"name": …, "arguments": {…}}</tool_call>`: a call is a JSON object.
    case json(JSONCalls)
    /// `<function=NAME>…</function>`: the name stands outside of the arguments.
    case tagged(TaggedCalls)
    /// `[f(a=1, b="x"), g()]` between two markers: Python's calls. Empty markers mean that the whole answer is calls.
    case pythonic(OutputFormat.Span)
    /// `<|tool_call>call:NAME{key:<|"|>text<|"|>}<tool_call|>`: Gemma 4.
    case gemma
    /// Messages with headers that say to whom they go: gpt-oss.
    case channels(Channels)

    package struct JSONCalls: Sendable, Hashable {
        /// Any of these begins one call or several; none where the whole answer is calls.
        package var begins: [String]
        package var ends: [String]
        /// `nil` where the name is the key of the arguments.
        package var nameKey: String?
        package var argumentsKey: String

        package init(
            begins: [String], ends: [String] = [], nameKey: String? = "name", argumentsKey: String = "arguments"
        ) {
            self.begins = begins
            self.ends = ends
            self.nameKey = nameKey
            self.argumentsKey = argumentsKey
        }
    }

    package struct TaggedCalls: Sendable, Hashable {
        /// Around all calls of an answer; empty in most formats.
        package var section: OutputFormat.Span
        /// Around one call.
        package var call: OutputFormat.Span
        /// What stands between `call.begin` and `headerEnd`.
        package var header: Header
        /// Where the arguments begin; empty where the first of them says so.
        package var headerEnd: String
        /// `nil` where the arguments are a JSON object.
        package var parameters: Parameters?

        package init(
            section: OutputFormat.Span = OutputFormat.Span(begin: "", end: ""), call: OutputFormat.Span,
            header: Header = .name, headerEnd: String, parameters: Parameters? = nil
        ) {
            self.section = section
            self.call = call
            self.header = header
            self.headerEnd = headerEnd
            self.parameters = parameters
        }

        package enum Header: Sendable, Hashable {
            case name
            /// The texts are between the two.
            case nameThenID(String)
            case idThenName(String)
            /// `functions.NAME:0`, which is the id as well: Kimi K2.
            case numbered
        }

        /// Arguments one by one, as untyped text: `begin` KEY `keyEnd` … `valueBegin` VALUE `end`.
        package struct Parameters: Sendable, Hashable {
            package var begin: String
            /// What ends the key.
            package var keyEnd: String
            /// Where the value begins; empty if that is `keyEnd`.
            package var valueBegin: String
            /// Where it ends; the key stands where this has U+0000.
            package var end: String
            /// Whether values stand on lines of their own.
            package var ownLines: Bool

            package init(begin: String, keyEnd: String, valueBegin: String = "", end: String, ownLines: Bool) {
                self.begin = begin
                self.keyEnd = keyEnd
                self.valueBegin = valueBegin
                self.end = end
                self.ownLines = ownLines
            }
        }
    }

    package struct Channels: Sendable, Hashable {
        /// What begins a header.
        package var begins: [String]
        package var headerEnd: String
        /// What ends a message.
        package var ends: [String]

        package init(begins: [String], headerEnd: String, ends: [String]) {
            self.begins = begins
            self.headerEnd = headerEnd
            self.ends = ends
        }
    }

    fileprivate var markers: [String] {
        switch self {
        case .json(let json): return json.begins + json.ends
        case .tagged(let tagged):
            let parameters = tagged.parameters.map { [$0.begin, $0.keyEnd, $0.valueBegin, $0.end] } ?? []
            let separator: [String] =
                switch tagged.header {
                case .nameThenID(let text), .idThenName(let text): [text]
                case .name, .numbered: []
                }
            return [tagged.section, tagged.call].flatMap { [$0.begin, $0.end] } + [tagged.headerEnd] + parameters
                + separator
        case .pythonic(let span): return [span.begin, span.end]
        case .gemma: return [Gemma.begin, Gemma.end, Gemma.quote]
        case .channels(let channels): return channels.begins + [channels.headerEnd, "<|constrain|>"] + channels.ends
        }
    }

    /// The marks of Gemma 4.
    enum Gemma {
        static let (begin, end, quote) = ("<|tool_call>call:", "<tool_call|>", "<|\"|>")
    }

    /// What models write that were taught by a text in their prompt; also Qwen 2.5 and 3, and Hermes.
    package static let hermes = CallSyntax.json(JSONCalls(begins: ["<tool_call>"], ends: ["</tool_call>"]))
}
