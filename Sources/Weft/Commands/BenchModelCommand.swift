import ArgumentParser
import Benchmarks
import Compute
import Engine
import GGUF
import Kernels
import Quantities
import Transformer

struct BenchModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Measure a model's prefill and decode in tokens per second.",
        discussion: """
            Each figure is the median of several runs, by the clock on the wall; the device does nothing else. Figures are \
            of all sequences of a batch together.
            """)

    @Argument(help: "The model: a GGUF file, or the name of one in the folder of models.")
    var model: String

    @OptionGroup var mesh: MeshOptions

    @Option(help: "Tokens of each prompt.")
    var prompt = 256

    @Option(help: "Tokens that each sequence decodes.")
    var decode = 64

    @Option(parsing: .upToNextOption, help: "Sequences at once: one number or several, as in --batch 1 8 64.")
    var batch = [1]

    @Option(help: "Seconds after which no further run of a figure is begun; each has at least one.")
    var limit = 60.0

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        let tokens = 1...(1 << 24)
        guard tokens.contains(prompt), tokens.contains(decode), batch.allSatisfy((1...256).contains) else {
            throw ValidationError("--prompt and --decode must be positive, --batch between 1 and 256")
        }
        guard limit > 0 else { throw ValidationError("--limit must be positive") }
    }

    func run() throws {
        let file = try ModelFile(path: Folders.model(model))
        try file.network.requireGeneration()
        guard prompt + decode <= file.network.contextLength else {
            throw CommandError(
                "\(prompt + decode) tokens exceed the model's context of \(file.network.contextLength)")
        }
        let open = try OpenMesh(mesh.device)
        let most = batch.max() ?? 1
        var options = Model.Options()
        options.maxRows = max(512, most)
        let progress = Progress("loading")
        let clock = ContinuousClock()
        let start = clock.now
        var sequences = try SingleSequence(
            file.gguf, options: options, contextLength: prompt + decode, count: most,
            kernels: open.kernels(), shards: mesh.count, cache: Folders.weights
        ) { progress.show($0) }
        var speeds = ModelSpeeds(
            model: PartName.model(at: model),
            device: open.mesh.name, layers: file.network.blocks.count,
            weightByteCount: Self.weightByteCount(file.gguf), loadSeconds: (clock.now - start) / .seconds(1),
            prompt: prompt, decode: decode)
        let tokens = (0..<prompt).map { Int32($0 * 7 % file.network.vocabularySize) }
        for batch in batch {
            speeds.runs.append(
                try measure(&sequences, tokens, batch: batch, weightByteCount: speeds.weightByteCount))
        }
        if json { print(try speeds.prettyJSON()) } else { print(speeds.text, terminator: "") }
        try open.checkValidation()
    }

    /// Bytes of the matrices that every step reads whole: not those of embeddings, unless the output is made of them.
    private static func weightByteCount(_ file: GGUFFile) -> Int {
        let isTied = file.tensorIfPresent("output.weight") == nil
        return file.tensors.reduce(0) { sum, tensor in
            sum + (tensor.name == "token_embd.weight" && !isTied ? 0 : tensor.byteCount)
        }
    }

    private func measure(
        _ sequences: inout SingleSequence, _ tokens: [Int32], batch: Int, weightByteCount: Int
    ) throws -> ModelSpeeds.Run {
        let clock = ContinuousClock()
        var (prefills, steps): ([Double], [Double]) = ([], [])
        while prefills.isEmpty || (prefills.count < Self.prefills && prefills.reduce(0, +) < limit) {
            sequences.restart(count: batch)
            prefills.append(try clock.measure { try sequences.feed(tokens, at: 0) } / .seconds(1))
        }
        while steps.isEmpty || (steps.count < decode && steps.reduce(0, +) < limit) {
            let position = prompt + steps.count
            steps.append(try clock.measure { try sequences.feed([tokens[0]], at: position) } / .seconds(1))
        }
        let step = steps.median() ?? .infinity
        return ModelSpeeds.Run(
            batch: batch, prefills: prefills.count, steps: steps.count,
            prefillTokensPerSecond: Double(batch * prompt) / (prefills.median() ?? .infinity),
            decodeTokensPerSecond: Double(batch) / step,
            weightGigabytesPerSecond: Double(weightByteCount) / step * 1e-9)
    }

    /// Chosen: the fewest of which one outlier does not count.
    private static let prefills = 3
}
