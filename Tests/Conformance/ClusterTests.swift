import Foundation
import Testing

/// `weft cluster`: what it decides, and the short form of `tools/cluster-test`.
@Suite(.serialized)
struct ClusterTests {
    private static let root = ServedTests.folder.deletingLastPathComponent().deletingLastPathComponent()

    @Test("Fault 27: what runs becomes the plan, whatever of the cluster comes and goes")
    func whatIsDecidedIsRight() throws {
        let result = try CommandResult.of(
            "python3", [Self.root.appendingPathComponent("Tests/Conformance/cluster/test_moves.py").path])
        #expect(result.status == 0, "\(result.output)")
    }

    @Test("Fault 27: what is killed of a cluster is started again", .timeLimit(.minutes(10)))
    func whatIsKilledIsStartedAgain() throws {
        let tool = Self.root.appendingPathComponent("tools/cluster-test").path
        let result = try CommandResult.of("python3", [tool, "--short", "--weft", ServedProcess.binary()])
        print(result.output)
        if result.output.contains("skipped: ") { return print("SKIPPED: a cluster of namespaces") }
        #expect(result.status == 0, "\(result.output)")
    }

    @Test(arguments: [
        (["cluster", "node", "--node", "0"], "give either --head or --address"),
        (["cluster", "up", "/nowhere.yaml"], "name a router with --router"),
        (["cluster", "up", "/nowhere.yaml", "--router", "here"], "--router here: is no URL of a router"),
        (["cluster", "up", "/nowhere.yaml", "--router", "http://127.0.0.1:1"], "/nowhere.yaml: cannot be read"),
        (["cluster", "logs", "u", "--lines", "0"], "--lines must be at least 1"),
        (["serve", "m", "--announce", "http://127.0.0.1:1", "--epoch", "3"], "--announce-as and --epoch go together"),
    ])
    func faultsAreOneClearLine(_ arguments: [String], _ message: String) throws {
        let result = try CommandResult.of(ServedProcess.binary(), arguments)
        #expect(result.status != 0)
        #expect(result.output.contains(message), "\(result.output)")
    }

    @Test func withoutRayALineSaysHowToGetIt() throws {
        let hasRay = try CommandResult.of("python3", ["-c", "import ray"]).status == 0
        guard !hasRay else { return print("SKIPPED: this Python has Ray") }
        let result = try CommandResult.of(
            "env", ["-u", "WEFT_PYTHON", try ServedProcess.binary(), "cluster", "status"])
        #expect(result.status != 0)
        #expect(result.output.contains("has no Ray: `") && result.output.contains("-m pip install ray`"))
    }

    /// A plan's unit whose device is not there ends with the status that no restart would mend.
    @Test func whatNoRestartWouldMendHasAStatusOfItsOwn() throws {
        let path = NSTemporaryDirectory() + "weft-plan-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        func serve(_ model: String, devices: String, node: Int, expecting words: String) throws {
            let models = #"[{"name": "m", "model": "\#(model)", "rate": 1}]"#
            let units = #"[{"name": "u", "node": 3, "devices": [1], "models": \#(models)}]"#
            try Data(#"{"version": 1, "units": \#(units)}"#.utf8).write(to: URL(filePath: path))
            let result = try CommandResult.of(
                "env",
                ["WEFT_DEVICES=\(devices)", try ServedProcess.binary()]
                    + ["serve", path, "--port", "0", "--unit", "u", "--node", "\(node)"])
            #expect(result.status == 2 && result.output.contains(words), "\(result.output)")
        }
        let (real, two) = ("smollm2-135m-q4_1", "opencl:pthread,opencl:none")
        try serve(real, devices: "opencl:pthread", node: 3, expecting: "is device 1 of node 3, and this machine has 1")
        try serve(real, devices: two, node: 3, expecting: "no such device: 'opencl:none'")
        try serve(real, devices: two, node: 2, expecting: "unit 'u' is not on node 2; there are nodes 3")
        try serve("none", devices: two, node: 3, expecting: "no model 'm'")
    }
}
