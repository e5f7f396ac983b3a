import ArgumentParser
import GGUF

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Store a model's matrices in another type.",
        discussion: "Vectors stay f32. OUT appears only when it is complete.")

    @Argument(help: "The GGUF file to read.")
    var input: String

    @Argument(help: "The GGUF file to write.")
    var output: String

    @Option(help: "f32, f16, bf16, q4_0, q4_1, q5_0, q5_1 or q8_0.")
    var type: String

    func run() throws {
        guard let type = TensorType(name: type) else {
            throw CommandError(
                "unknown type '\(type)'; known are \(TensorType.allCases.map(\.name).joined(separator: ", "))")
        }
        let progress = Progress("converting")
        let report = try ModelConversion(to: type).convert(GGUFFile(path: Folders.model(input)), to: output) { step in
            progress.show(Double(step.index + 1) / Double(step.tensorCount), step.name)
        }
        for matrix in report.keptMatrices {
            print("\(matrix.name) keeps its type: its rows are no multiple of the block size")
        }
    }
}
