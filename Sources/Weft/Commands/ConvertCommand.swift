import ArgumentParser
import GGUF

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Store a model's matrices in another type.",
        discussion: "Reads all types. Vectors stay f32. OUT appears only when it is complete.")

    @Argument(help: "The GGUF file to read.")
    var input: String

    @Argument(help: "The GGUF file to write.")
    var output: String

    @Option(help: "f32, f16, bf16, q4_0, q4_1, q5_0, q5_1, q8_0, q4_k or q6_k.")
    var type: String

    func run() throws {
        let type = try TensorType(writable: type)
        let progress = Progress("converting")
        let report = try ModelConversion(to: type).convert(GGUFFile(path: Folders.model(input)), to: output) { step in
            progress.show(Double(step.index + 1) / Double(step.tensorCount), step.name)
        }
        for matrix in report.keptMatrices {
            print("\(matrix.name) keeps its type: its rows are no multiple of the block size")
        }
    }
}

extension TensorType {
    /// The type of that name, if files can be written in it.
    init(writable name: String) throws {
        let known = Self.encodable.map(\.name).joined(separator: ", ")
        guard let type = Self(name: name) else { throw CommandError("unknown type '\(name)'; known are \(known)") }
        guard Self.encodable.contains(type) else {
            throw CommandError("type '\(name)' can be read and not written; \(known) can be")
        }
        self = type
    }
}
