import Chat
import Fuzzing
import Quantities
import Testing

/// What models write, damaged: read to the end, and the same however it is cut.
@Suite struct FuzzTests {
    private static let formats: [OutputFormat] = [
        OutputFormat(reasoning: OutputFormat.Span(begin: "<think>", end: "</think>"), calls: .hermes),
        OutputFormat(
            calls: .json(CallSyntax.JSONCalls(begins: ["<|python_tag|>"], argumentsKey: "parameters"))),
        OutputFormat(
            calls: .tagged(
                CallSyntax.TaggedCalls(
                    call: OutputFormat.Span(begin: "<tool_call>\n<function=", end: "</function>\n</tool_call>"),
                    headerEnd: ">",
                    parameters: CallSyntax.TaggedCalls.Parameters(
                        begin: "<parameter=", keyEnd: ">", valueBegin: "", end: "</parameter>", ownLines: true)))),
        OutputFormat(calls: .pythonic(OutputFormat.Span(begin: "", end: ""))), OutputFormat(calls: .gemma),
        OutputFormat(
            calls: .channels(
                CallSyntax.Channels(
                    begins: ["<|start|>", "<|channel|>"], headerEnd: "<|message|>", ends: ["<|end|>", "<|call|>"]))),
    ]
    private static let outputs = Mutator(
        FamilyTests.answers.map(\.text),
        words: [
            "<tool_call>", "</tool_call>", "<think>", "</think>", "<function=", ">", "</function>", "<parameter=", "{",
            "}", "[", "]", "\"", "\\", "\\u12", ":", ",", "\"name\"", "\"arguments\"", "get_time", "get_weather", "(",
            ")", "=", "'", "\n", " ", "é", "<", "<|python_tag|>", "null", "1e999", "<|tool_call>call:", "<tool_call|>",
            "<|\"|>", "<|channel|>", "<|message|>", "<|end|>", "analysis", " to=functions.f", "<|start|>assistant",
            "\u{301}", "\r\n",
        ])

    @Test func `Mutated outputs of models are read to their end`() {
        let fuzzing = Fuzzing("outputs", count: 3000)
        let calling = fuzzing.run { random in
            let text = Self.outputs.text(&random)
            let format = Self.formats[random.integer(in: 0...Self.formats.count - 1)]
            let prompt = random.integer(in: 0...1) == 0 ? "<think>" : ""
            let scalars = Array(text.unicodeScalars)
            func output(_ cuts: [Int]) -> ChatOutput {
                var reader = ChatReader(format, tools: Tools.all, prompt: prompt)
                let bounds = [0] + cuts.sorted() + [scalars.count]
                let deltas = zip(bounds, bounds.dropFirst()).flatMap { from, to in
                    reader.append(String(String.UnicodeScalarView(scalars[from..<to])))
                }
                return ChatOutput(deltas + reader.finish())
            }
            let whole = output([])
            let cut = output((0..<3).map { _ in random.integer(in: 0...scalars.count) })
            #expect(cut == whole, "\(text.prefix(400).debugDescription)")
            return !whole.calls.isEmpty
        }
        #expect(calling > 0)
    }
}
