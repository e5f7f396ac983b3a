import Foundation
import GGUF
import Testing

/// The built `weft`, as a person calls it.
@Suite(.serialized)
struct CommandTests {
    private func weft(_ arguments: String..., joinsErrors: Bool = true) throws -> CommandResult {
        try CommandResult.of(ServedProcess.binary(), arguments, joinsErrors: joinsErrors)
    }

    @Test func generateGivesTheGoldenTokens() throws {
        struct Output: Decodable {
            var prompt_ids: [Int32]
            var ids: [Int32]
            var text: String
            var top_logits: [[Double]]
        }
        let prompt = try #require(try GoldenVectors.load().prompts.first)
        let result = try weft(
            "generate", "smollm2-135m-q4_1", prompt.prompt, "--max-tokens", "8", "--kv-type", "f32", "--device",
            "vulkan:llvmpipe", "--top-logits", "10", "--json", joinsErrors: false)
        #expect(result.status == 0)
        let output = try JSONDecoder().decode(Output.self, from: Data(result.output.utf8))
        #expect(output.prompt_ids == prompt.promptIds)
        #expect(output.ids == Array(prompt.f32.genIds.prefix(8)))
        #expect(output.text.hasPrefix(" Paris."))
        for (ours, theirs) in zip(output.top_logits, prompt.f32.promptTop10.top) {
            #expect(Int32(ours[0]) == theirs.token)
            #expect(abs(ours[1] - Double(theirs.logit)) < 0.01)
        }
    }

    @Test(arguments: ["opencl#1/2", "opencl#2/2"])
    func aPartOfADeviceGivesTheSameTokens(device: String) throws {
        let prompt = try #require(try GoldenVectors.load().prompts.first)
        let result = try weft(
            "generate", "smollm2-135m-q4_1", prompt.prompt, "--max-tokens", "4", "--kv-type", "f32", "--device", device,
            joinsErrors: false)
        #expect(result.status == 0)
        #expect(result.output.contains(" Paris."))
    }

    @Test func aProfileSaysWhatServingAdds() throws {
        struct Costs: Decodable {
            struct Device: Decodable {
                struct Serving: Decodable { var per_request, per_pass, per_sequence: Double }
                var serving: [String: Serving]
            }
            var device: Device
        }
        let folder = FileManager.default.temporaryDirectory.appending(path: "weft-costs-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let costs = folder.appending(path: "costs.json").path
        let options = ["--output", costs, "--device", "opencl", "--seconds", "0.02"]
        let cells = ["--batches", "1", "--lengths", "16"]
        let model = "smollm2-135m-q4_1"
        let measured = try CommandResult.of(ServedProcess.binary(), ["profile", model] + options + cells)
        #expect(measured.status == 0, "\(measured.output)")
        let file = try JSONDecoder().decode(Costs.self, from: Data(contentsOf: URL(filePath: costs)))
        let serving = try #require(file.device.serving[model])
        // Beside other work passes may seem longer than they are when served: then nothing is added.
        let parts = [serving.per_request, serving.per_pass, serving.per_sequence]
        #expect(parts.allSatisfy { $0 >= 0 && $0 < 10 })

        let checked = try CommandResult.of(
            ServedProcess.binary(), ["profile", model, "--check"] + options, joinsErrors: false)
        let speed = try #require(Double(checked.output.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(speed > 0.01 && speed < 100)
        let unknown = try CommandResult.of(
            ServedProcess.binary(), ["profile", "smollm2-135m-q8_0", "--check"] + options)
        #expect(unknown.status != 0 && unknown.output.contains("holds no costs of smollm2-135m-q8_0"))
    }

    @Test func devicesAreListed() throws {
        let result = try weft("devices", "--json", joinsErrors: false)
        #expect(result.status == 0)
        #expect(result.output.contains("llvmpipe") && result.output.contains("SwiftShader"))
    }

    @Test(arguments: [
        (["generate", "nobody", "Hello"], "no model 'nobody'"),
        (["generate", "smollm2-135m-q4_1", ""], "the prompt is empty"),
        (["generate", "smollm2-135m-q4_1", "Hello", "--device", "warp:0"], "no such device: 'warp:0'"),
        (["generate", "smollm2-135m-q4_1", "Hello", "--device", "vulkan:99"], "no such device: 'vulkan:99'"),
        (["generate", "smollm2-135m-q4_1", "Hello", "--device", "vulkan:voodoo"], "llvmpipe"),
        (["generate", "smollm2-135m-q4_1", "Hello", "--device", "opencl#3/2"], "#3/2 is no part of a device"),
        (["generate", "smollm2-135m-q4_1", "Hello", "--kv-type", "f8"], "one of 'f32', 'f16' or 'q8_0'"),
        (["generate", "smollm2-135m-q4_1", "Hello", "--temperature", "nan"], "--temperature must be 0 or more"),
        (["generate", "/dev/null", "Hello"], "/dev/null"),
        (["convert", "smollm2-135m-q4_1", "/nowhere/out.gguf", "--type", "q8_0"], "/nowhere/out.gguf"),
        (["convert", "smollm2-135m-q4_1", "/tmp/out.gguf", "--type", "q9"], "unknown type 'q9'"),
        (["serve", "/nowhere.yaml"], "/nowhere.yaml: cannot be read"),
    ])
    func faultsAreOneClearLine(_ arguments: [String], _ message: String) throws {
        let result = try CommandResult.of(ServedProcess.binary(), arguments)
        #expect(result.status != 0)
        #expect(result.output.contains(message), "\(result.output)")
        #expect(!result.output.contains("Fatal error"))
    }

    @Test(arguments: [
        ("models: []", ".yaml:1: models: must have at least 1 entry"),
        ("models: [{name: a}]", ".yaml:1: models[0].path: is missing"),
        ("models: [{name: a, path: b, contxt: 5}]", ".yaml:1: models[0].contxt: is not known here"),
        ("pool_mb: 0\nmodels: [{name: a, path: b}]", ".yaml:1: pool_mb: must be between 1 and 1048576; is 0"),
        ("models: [{name: a, path: b}, {name: a, path: c}]", ".yaml:1: models[1].name: 'a' is given twice"),
        (
            "models: [{name: a, path: b, shares: [11, 2]}]",
            ".yaml:1: models[0].shares[0]: must be between 1 and 10; is 11"
        ),
        ("models: [{name: a, path: nowhere.gguf}]", "nowhere.gguf"),
        (
            "policy: chaos\nmodels: [{name: a, path: b}]",
            ".yaml:1: policy: must be one of adbs, round-robin, fcfs, temporal, spatial; is 'chaos'"
        ),
        ("{", ".yaml:1: document: did not find expected node content"),
    ])
    func configurationsAreChecked(_ yaml: String, _ message: String) throws {
        let path = NSTemporaryDirectory() + "weft-config-\(UUID().uuidString).yaml"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(yaml.utf8).write(to: URL(fileURLWithPath: path))
        let result = try weft("serve", path, "--port", "0")
        #expect(result.status != 0)
        #expect(result.output.contains(message), "\(result.output)")
    }

    /// Faults name file, line and field, on one line.
    @Test(arguments: [
        ("{name: a, model: x-7b, rate: 0}", "workload.yaml:3: models[0].rate: must be positive; is 0.0"),
        ("{name: a, model: x-65b, rate: 1}", "workload.yaml:3: models[0].model: needs costs of model llama-65b"),
        ("{name: a, model: x-7b, rate: 1}", "workload.yaml:3: models[0].model: model a fits on no mesh"),
        ("{name: a, model: x-7b, rate: 1}", "costs.csv:2: prefill_ms: must be a number; is 'slow'"),
    ])
    func plansThatCannotBeAreExplained(_ model: String, _ message: String) throws {
        let folder = NSTemporaryDirectory() + "weft-plan-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (workload, costs) = ("\(folder)/workload.yaml", "\(folder)/costs.csv")
        try Data("cluster: {nnodes: 1, ngpus_per_node: 1, memory_gb: 8}\nmodels:\n- \(model)\n".utf8)
            .write(to: URL(filePath: workload))
        let time = message.contains("slow") ? "slow" : "20"
        let cells = [1, 8].flatMap { batch in [32, 256].map { "llama-7b,1,100,\(batch),\($0),\(time),10\n" } }
        try Data(("model,tp,sm_percent,batch,seq_len,prefill_ms,decode_ms\n" + cells.joined()).utf8)
            .write(to: URL(filePath: costs))
        let result = try weft("plan", workload, "--costs", costs)
        #expect(result.status != 0)
        #expect(result.output.contains(message), "\(result.output)")
        #expect(result.output.split(separator: "\n").count == 1, "\(result.output)")
    }
}
