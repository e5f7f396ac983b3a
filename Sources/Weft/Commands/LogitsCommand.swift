import ArgumentParser
import Compute
import GGUF
import Kernels
import Quantities
import Transformer

/// `weft logits`: what a model makes of given tokens, to compare it with other programs. It asks for no tokenizer.
struct LogitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logits", abstract: "Print the logits that a model has after given tokens.",
        discussion: "The file needs no tokenizer. Logits are printed after every token, or where --positions says.")

    @Argument(help: "The model: a GGUF file, or the name of one in the folder of models.")
    var model: String

    @Option(help: "The tokens' numbers, separated by commas.")
    var tokens: String

    @Option(help: "The positions whose logits are wanted, counted from 0 and separated by commas; by default all.")
    var positions: String?

    @Option(help: "Also continue by so many of the likeliest tokens.")
    var greedy = 0

    @Option(
        help: """
            The most tokens of a sequence that the model is made for; by default the file's, at most \
            \(Self.largestDefaultContext). Some models are made in another way for long contexts.
            """)
    var context: Int?

    @Option(help: "What keys and values are stored as: f32, f16 or q8_0.")
    var kvType = KVType.f32

    @OptionGroup var mesh: MeshOptions

    @Flag(help: "Print JSON: vocabulary, logits by position, greedy.")
    var json = false

    /// Chosen: rotations of so many positions take no time.
    private static let largestDefaultContext = 8192
    /// Rows of a pass, all of which may have logits: 64 of a vocabulary of 256,000 are 64 MB.
    private static let rows = 64

    private struct Output: Encodable {
        var vocabulary: Int
        var logits: [String: [Float]] = [:]
        var greedy: [TokenID] = []
    }

    func validate() throws {
        guard (0...(1 << 24)).contains(greedy) else {
            throw ValidationError("--greedy must be between 0 and \(1 << 24)")
        }
        guard (1...(1 << 24)).contains(context ?? 1) else {
            throw ValidationError("--context must be between 1 and \(1 << 24)")
        }
        _ = try Self.numbers(tokens, "--tokens")
        _ = try positions.map { try Self.numbers($0, "--positions") }
    }

    private static func numbers(_ text: String, _ option: String) throws -> [Int32] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let number = Int32(part.filter { $0 != " " }), number >= 0 else {
                throw ValidationError("\(option): '\(part)' is no number from 0 on")
            }
            return number
        }
    }

    func run() throws {
        let file = try GGUFFile(path: Folders.model(model)), network = try Network(file)
        try network.requireGeneration()
        let tokens = try Self.numbers(tokens, "--tokens")
        let wanted = try positions.map { Set(try Self.numbers($0, "--positions").map { Int($0) }) }
        if let token = tokens.first(where: { $0 >= network.vocabularySize }) {
            throw CommandError("token \(token) is not in the vocabulary of \(network.vocabularySize)")
        }
        if let position = wanted?.first(where: { $0 >= tokens.count }) {
            throw CommandError("position \(position) is behind the \(tokens.count) tokens")
        }
        let context = min(context ?? Self.largestDefaultContext, network.contextLength)
        guard tokens.count + greedy <= context else {
            throw CommandError("\(tokens.count + greedy) tokens exceed the model's context of \(context)")
        }
        let open = try OpenMesh(mesh.device)
        var options = Model.Options()
        options.kvType = kvType
        options.maxRows = Self.rows
        let progress = Progress("loading")
        var sequence = try SingleSequence(
            file, options: options, contextLength: context, tokens: tokens.count + greedy, logitRows: Self.rows,
            kernels: open.kernels(), shards: mesh.count, cache: Folders.weights, warmsUp: false
        ) { progress.show($0) }
        var output = Output(vocabulary: network.vocabularySize)
        var best: TokenID = 0
        func take(_ position: Int, _ logits: Span<Float>) {
            if position < tokens.count, wanted?.contains(position) ?? true {
                output.logits["\(position)"] = logits.indices.map { logits[$0] }
            }
            best = TokenID(logits.indices.reduce(0) { logits[$1] > logits[$0] ? $1 : $0 })
        }
        try sequence.feed(tokens, at: 0, logits: take)
        while output.greedy.count < greedy {
            output.greedy.append(best)
            guard output.greedy.count < greedy else { break }
            try sequence.feed([best], at: tokens.count + output.greedy.count - 1, logits: take)
        }
        if json { print(try output.prettyJSON()) } else { show(output) }
        try open.checkValidation()
    }

    private func show(_ output: Output) {
        for position in output.logits.keys.compactMap({ Int($0) }).sorted() {
            let logits = output.logits["\(position)"] ?? []
            print("\(position)\t" + logits.map { "\($0)" }.joined(separator: " "))
        }
        if greedy > 0 { print("greedy\t" + output.greedy.map { "\($0)" }.joined(separator: " ")) }
    }
}
