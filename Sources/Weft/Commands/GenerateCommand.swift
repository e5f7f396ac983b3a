import ArgumentParser
import Compute
import Engine
import Foundation
import Kernels
package import Quantities
import Tokenization
import Transformer

struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Continue a prompt with one model.",
        discussion: "The prompt is taken literally, but for the special tokens in it: no chat template is applied.")

    @Argument(help: "The model: a GGUF file, or the name of one in the folder of models.")
    var model: String

    @Argument(help: "The text to continue.")
    var prompt: String

    @Option(help: "The most tokens to generate.")
    var maxTokens = 64

    @Option(help: "0 draws the likeliest token each time.")
    var temperature: Float = 0

    @Option(help: "What keys and values are stored as: f32, f16 or q8_0.")
    var kvType = KVType.f16

    @OptionGroup var mesh: MeshOptions

    @Option(help: "Also report the K largest logits after the prompt.")
    var topLogits: Int?

    @Flag(help: "Print JSON: prompt_ids, ids, text, top_logits.")
    var json = false

    private struct Output: Encodable {
        var promptIds: [TokenID]
        var ids: [TokenID]
        var text: String
        var topLogits: [[Double]]?
    }

    func validate() throws {
        guard (0...(1 << 24)).contains(maxTokens) else {
            throw ValidationError("--max-tokens must be between 0 and \(1 << 24)")
        }
        guard temperature >= 0, temperature.isFinite else { throw ValidationError("--temperature must be 0 or more") }
        guard (topLogits ?? 1) > 0 else { throw ValidationError("--top-logits must be at least 1") }
    }

    func run() throws {
        let file = try ModelFile(path: Folders.model(model))
        try file.network.requireGeneration()
        let prompt = file.tokenizer.encode(prompt, parsesSpecial: true, addsSpecial: true)
        guard !prompt.isEmpty else { throw CommandError("the prompt is empty") }
        guard prompt.count < file.network.contextLength else {
            throw CommandError(
                "the prompt has \(prompt.count) tokens, the model's context \(file.network.contextLength)")
        }
        let open = try OpenMesh(mesh.device)
        var options = Model.Options()
        options.kvType = kvType
        options.maxRows = 256
        let progress = Progress("loading")
        var sequence = try SingleSequence(
            file.gguf, options: options, contextLength: prompt.count + maxTokens,
            kernels: open.kernels(), shards: mesh.count, cache: Folders.weights
        ) { progress.show($0) }
        let output = try generate(prompt, file, &sequence)
        if json { print(try output.prettyJSON()) } else { printTop(output) }
        try open.checkValidation()
    }

    private func generate(
        _ prompt: [TokenID], _ file: ModelFile, _ sequence: inout SingleSequence
    ) throws -> Output {
        var sampling = SamplingOptions()
        sampling.temperature = temperature
        var sampler = Sampler(sampling, prompt: prompt, seed: .random(in: .min ... .max))
        var detokenizer = StreamingDetokenizer(file.tokenizer, after: prompt.last)
        var output = Output(promptIds: prompt, ids: [], text: "")
        let limit = min(maxTokens, sequence.model.contextLength - prompt.count)
        try sequence.feed(prompt, at: 0)
        output.topLogits = topLogits.map { count in
            sequence.model.withLogits(0) { Logprobs.top(count, in: $0).map { [Double($0.id), Double($0.logit)] } }
        }
        while output.ids.count < limit {
            let token =
                if let last = output.ids.last {
                    try sequence.next(after: [last], at: prompt.count + output.ids.count - 1, with: &sampler)
                } else {
                    sequence.model.withLogits(0) { sampler.draw($0) }
                }
            output.ids.append(token)
            if file.tokenizer.endOfTextTokens.contains(token) { break }
            emit(detokenizer.append(token), &output)
        }
        emit(detokenizer.finish(), &output)
        return output
    }

    /// Text is printed as it comes, unless JSON is wanted.
    private func emit(_ text: String, _ output: inout Output) {
        output.text += text
        if !json { FileHandle.standardOutput.write(Data(text.utf8)) }
    }

    private func printTop(_ output: Output) {
        print()
        for entry in output.topLogits ?? [] { print("\(Int(entry[0]))\t\(entry[1])") }
    }
}

extension KVType: ExpressibleByArgument {}
