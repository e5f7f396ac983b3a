import ArgumentParser
import Compute
import ConfigurationFiles
import Engine
import Foundation
import GGUF
import Placement
import Profiling
import Quantities
import Reporting
import Transformer

/// `weft profile`: from models and a device to the costs that planning and simulating read.
struct ProfileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile", abstract: "Measure what models' jobs cost on a device.",
        discussion: """
            Measures prefill and decode of each model by share, batch and length, how jobs on two halves of the device \
            slow each other, and what serving over HTTP adds, for which the model is served on a loopback port. What \
            the output holds already is kept: a run that was broken off goes on where it stopped.
            """)

    @Argument(help: "The models: GGUF files, or names of files in the folder of models.")
    var models: [String]

    @OptionGroup var mesh: MeshOptions

    @Option(help: "The cost file.")
    var output: String

    @Option(help: "Seconds for which a batch and length is measured at each share.")
    var seconds = 1.0

    @Option(parsing: .upToNextOption, help: "Numbers of sequences; by default 1 2 3 4 5 8 9 12 16 24 32.")
    var batches: [Int] = []

    @Option(parsing: .upToNextOption, help: "Tokens of each sequence; by default 16 32 64 128 256 448.")
    var lengths: [Int] = []

    @Flag(help: "Measure a few batches and lengths only.")
    var quick = false

    @Flag(help: "Measure nothing new: print how many times as fast the device is now as the output has it.")
    var check = false

    func validate() throws {
        guard mesh.count == max(1, mesh.device.count) else {
            throw ValidationError("a mesh is measured with one shard for each device")
        }
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
                name: PartName.model(at: path), path: path,
                file: try ModelFile(path: path)
            )
        }
        for model in files { try model.file.network.requireGeneration() }
        let open = try OpenMesh(mesh.device)
        var profile = try Profile(
            file: output, on: open.mesh, tuning: open.devices[0].tuning, grid: grid, seconds: seconds)
        if check {
            print(FigureNumber.text(try await speed(files, profile, open.mesh), digits: 3))
        } else {
            for model in files { try await measure(model, &profile, open.mesh) }
            print("\(output): \(profile.table.models.joined(separator: ", ")) on \(open.mesh.name)")
        }
        try open.checkValidation()
    }

    private typealias Model = (name: String, path: String, file: ModelFile)

    private func measure(
        _ model: Model, _ profile: inout Profile, _ mesh: Mesh
    ) async throws {
        let (name, path, file) = model
        let lacksCosts = profile.lacks(name, contextLength: file.network.contextLength)
        guard lacksCosts || profile.lacksServing(of: name) else { return }
        let progress = Progress(name)
        let packed = try packed(file, mesh, progress)
        if lacksCosts { try await profile.measure(name, packed) { progress.show(0.99 * $0, "measuring") } }
        progress.show(0.99, "serving")
        if profile.lacksServing(of: name) {
            let served = ProfiledService(name: name, path: path, device: mesh.devices[0])
            try profile.add(try await served.cost(beside: profile.probe(packed)), of: name)
        }
        progress.show(1, "measured")
    }

    /// - Returns: the geometric mean over the models.
    private func speed(
        _ models: [Model], _ profile: Profile, _ mesh: Mesh
    ) async throws -> Double {
        var logarithms: [Double] = []
        for (name, _, file) in models {
            guard let speed = try await profile.speed(of: name, packed(file, mesh, Progress(name))) else {
                throw FileError(file: output, reason: "holds no costs of \(name) on the whole device")
            }
            logarithms.append(log(speed))
        }
        return exp(logarithms.reduce(0, +) / Double(max(1, logarithms.count)))
    }

    private func packed(_ file: ModelFile, _ mesh: Mesh, _ progress: Progress) throws -> PackedWeights {
        try PackedWeights(
            file.gguf, vectorWidth: mesh.devices[0].limits.vectorWidth, shards: mesh.devices.count,
            cache: Folders.weights
        ) { progress.show(0.99 * $0, "loading") }
    }

    private var grid: ProfileGrid {
        var grid = quick ? ProfileGrid.quick : .standard
        if !batches.isEmpty { grid.batches = batches }
        if !lengths.isEmpty { grid.lengths = lengths }
        return grid
    }
}
