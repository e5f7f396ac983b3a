import ArgumentParser
import Compute
import Engine
import Kernels
import Quantities
import Transformer

struct BenchModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Measure a model's prefill and decode in tokens per second.",
        discussion: "Each figure is the median of several runs, by the clock on the wall; the device does nothing else."
    )

    @Argument(help: "The model: a GGUF file, or the name of one in the folder of models.")
    var model: String

    @OptionGroup var device: DeviceOption

    @Option(help: "Tokens of each prompt.")
    var prompt = 256

    @Option(help: "Tokens that each sequence decodes.")
    var decode = 64

    @Option(help: "Sequences at once.")
    var batch = 1

    @Flag(help: "Print JSON.")
    var json = false

    private struct Output: Encodable {
        var model: String
        var device: String
        var prompt: Int
        var decode: Int
        var batch: Int
        var prefillTokensPerSecond: Double
        var decodeTokensPerSecond: Double
    }

    func validate() throws {
        let tokens = 1...(1 << 24)
        guard tokens.contains(prompt), tokens.contains(decode), (1...256).contains(batch) else {
            throw ValidationError("--prompt and --decode must be positive, --batch between 1 and 256")
        }
    }

    func run() throws {
        let file = try ModelFile(path: Folders.model(model))
        guard prompt + decode <= file.configuration.contextLength else {
            throw CommandError(
                "\(prompt + decode) tokens exceed the model's context of \(file.configuration.contextLength)")
        }
        let open = try OpenDevice(device.device)
        var options = LlamaModel.Options()
        options.maxRows = max(512, batch)
        let progress = Progress("loading")
        var sequences = try SingleSequence(
            file.gguf, options: options, contextLength: prompt + decode, count: batch,
            kernels: KernelSet(device: open.device), cache: Folders.weights
        ) { progress.show($0) }
        let tokens = (0..<prompt).map { Int32($0 * 7 % file.configuration.vocabularySize) }
        let clock = ContinuousClock()

        var prefills: [Double] = []
        for _ in 0..<3 {
            sequences.restart(count: batch)
            prefills.append(try clock.measure { try sequences.feed(tokens, at: 0) } / .seconds(1))
        }
        var steps: [Double] = []
        for step in 0..<decode {
            steps.append(try clock.measure { try sequences.feed([tokens[0]], at: prompt + step) } / .seconds(1))
        }
        report(
            Output(
                model: model, device: open.device.description.name, prompt: prompt, decode: decode, batch: batch,
                prefillTokensPerSecond: Double(batch * prompt) / (prefills.median() ?? .infinity),
                decodeTokensPerSecond: Double(batch) / (steps.median() ?? .infinity)))
        try open.checkValidation()
    }

    private func report(_ output: Output) {
        if json, let text = try? output.prettyJSON() {
            print(text)
            return
        }
        func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
        print("\(output.model) on \(output.device), batch \(batch)")
        print("prefill \(prompt) tokens   \(rounded(output.prefillTokensPerSecond)) tokens/s")
        print("decode  \(decode) tokens   \(rounded(output.decodeTokensPerSecond)) tokens/s")
    }
}
