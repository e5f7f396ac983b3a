import ArgumentParser
import Benchmarks
import Compute
import Engine
import GGUF
import Kernels
import Placement
import Quantities
import Transformer

struct BenchMeshCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mesh", abstract: "Measure a model on several devices beside one.",
        discussion: """
            The first device alone and the mesh take turns, the mesh also with meetings that take longer, as a slower \
            link's would. Beside each figure of these stands by how much what planning expects is off. Name a device \
            twice to divide it: --device opencl --device opencl.
            """)

    @Argument(help: "The model: a GGUF file, or the name of one in the folder of models.")
    var model: String

    @OptionGroup var mesh: MeshOptions

    @Option(parsing: .upToNextOption, help: "Microseconds that each meeting is to take longer.")
    var delays: [Double] = [0, 20, 100]

    @Option(help: "Tokens of each prompt.")
    var prompt = 256

    @Option(help: "Tokens that are decoded in a round.")
    var decode = 32

    @Option(help: "How often all are measured, by turns.")
    var rounds = 5

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard mesh.device.count > 1 else { throw ValidationError("name at least two devices, or one twice") }
        guard prompt > 0, decode > 0, rounds > 0, delays.allSatisfy({ (0...1e6).contains($0) }) else {
            throw ValidationError("--prompt, --decode and --rounds must be positive, --delays between 0 and 1000000")
        }
    }

    func run() throws {
        let file = try ModelFile(path: Folders.model(model))
        try file.network.requireGeneration()
        let single = try OpenMesh([mesh.device[0]]), all = try OpenMesh(mesh.device)
        let delays = [0] + delays.filter { $0 > 0 }
        func sequence(
            _ open: OpenMesh, shards: Int, delay: Double, way: Exchange.Way? = nil
        ) throws -> SingleSequence {
            let progress = Progress("loading")
            return try SingleSequence(
                file.gguf, options: Model.Options(), contextLength: prompt + decode, kernels: open.kernels(),
                shards: shards, way: way, meetingDelay: .microseconds(delay), cache: Folders.weights
            ) { progress.show($0) }
        }
        var alone = try sequence(single, shards: 1, delay: 0)
        var meshes = [try sequence(all, shards: mesh.count, delay: delays[0])]
        let way = meshes[0].model.way
        for delay in delays.dropFirst() {
            meshes.append(try sequence(all, shards: mesh.count, delay: delay, way: way))
        }
        var speeds = MeshSpeeds(
            model: PartName.model(at: model), device: single.mesh.name, mesh: all.mesh.name, ranks: mesh.device.count,
            meetings: meshes[0].model.meetings, way: way.rawValue, prompt: prompt, delays: delays)
        let tokens = (0..<prompt).map { Int32($0 * 7 % file.network.vocabularySize) }
        for _ in 0..<rounds {
            try measure(&alone, tokens, into: &speeds.single)
            for index in meshes.indices { try measure(&meshes[index], tokens, into: &speeds.meshes[index].times) }
        }
        let undelayed = speeds.meshes[0].times.medians
        for index in speeds.meshes.indices.dropFirst() {
            let cost = ExchangeCost(
                meetings: speeds.meetings, meeting: speeds.meshes[index].delayMicroseconds * 1e-6)
            speeds.meshes[index].predicted = (
                prefill: undelayed.prefill + cost.time(rows: Double(prompt)),
                decode: undelayed.decode + cost.time(rows: 1)
            )
        }
        if json { print(try speeds.prettyJSON()) } else { print(speeds.text, terminator: "") }
        try single.checkValidation()
        try all.checkValidation()
    }

    private func measure(
        _ sequence: inout SingleSequence, _ tokens: [Int32], into times: inout MeshSpeeds.Times
    ) throws {
        let clock = ContinuousClock()
        sequence.restart()
        times.prefill.append(try clock.measure { try sequence.feed(tokens, at: 0) } / .seconds(1))
        var steps: [Double] = []
        for step in 0..<decode {
            steps.append(
                try clock.measure { try sequence.feed([tokens[0]], at: prompt + step) } / .seconds(1))
        }
        times.decode.append(steps.median() ?? .infinity)
    }
}
