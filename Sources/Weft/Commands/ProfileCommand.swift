import ArgumentParser
import Compute
import Engine
import Foundation
import Placement
import Transformer

/// `weft profile`: from models and a device to the costs that planning and simulating read.
struct ProfileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile", abstract: "Measure what models' jobs cost on a device.",
        discussion: """
            Measures prefill and decode of each model by share, batch and length, and how jobs on two halves of the \
            device slow each other. What the output holds already is kept: a run that was broken off goes on where it \
            stopped.
            """)

    @Argument(help: "The models: GGUF files, or names of files in the folder of models.")
    var models: [String]

    @OptionGroup var device: DeviceOption

    @Option(help: "The cost file.")
    var output: String

    @Option(help: "Seconds for which a batch and length is measured at each share.")
    var seconds = 1.0

    @Option(parsing: .upToNextOption, help: "Numbers of sequences; by default 1 2 4 8 16 32.")
    var batches: [Int] = []

    @Option(parsing: .upToNextOption, help: "Tokens of each sequence; by default 16 64 128 256 448.")
    var lengths: [Int] = []

    @Flag(help: "Measure a few batches and lengths only.")
    var quick = false

    func validate() throws {
        guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds must be between 0 and 3600") }
        guard batches.allSatisfy((1...256).contains) else {
            throw ValidationError("--batches must be between 1 and 256")
        }
        guard lengths.allSatisfy((1...8192).contains) else {
            throw ValidationError("--lengths must be between 1 and 8192")
        }
    }

    func run() async throws {
        let files = try models.map { model in
            let path = try Folders.model(model)
            return (
                name: URL(filePath: path).deletingPathExtension().lastPathComponent, file: try ModelFile(path: path)
            )
        }
        let open = try OpenDevice(device.device)
        var profile: Profile
        do {
            profile = try Profile(file: output, on: open.device, grid: grid, seconds: seconds)
        } catch let error as CostError {
            throw ValidationError("\(output): \(error)")
        }
        for (name, file) in files where profile.lacks(name, contextLength: file.configuration.contextLength) {
            let progress = Progress(name)
            let packed = try PackedLlama(
                file.gguf, vectorWidth: open.device.limits.vectorWidth, cache: Folders.weights
            ) { progress.show(0.99 * $0, "loading") }
            try await profile.measure(name, packed) { progress.show(0.99 * $0, "measuring") }
            progress.show(1, "measured")
        }
        print("\(output): \(profile.table.models.joined(separator: ", ")) on \(open.device.description.name)")
        try open.checkValidation()
    }

    private var grid: ProfileGrid {
        var grid = quick ? ProfileGrid.quick : .standard
        if !batches.isEmpty { grid.batches = batches }
        if !lengths.isEmpty { grid.lengths = lengths }
        return grid
    }
}
