import ConfigurationFiles
import Placement
import Quantities
import Testing

struct FileTests {
    static let input = """
        cluster: {nnodes: 4, ngpus_per_node: 8}
        avg_prompt_len: 100.17
        avg_output_len: 261.31
        models:
        - {name: llm-1, model: huggyllama/llama-13b, rate: 8.137}
        - {name: llm-2, model: huggyllama/llama-65b, rate: 1, output_len: 50}
        """

    @Test func placementInputIsRead() throws {
        let input = try PlacementInput(yaml: Self.input, file: "in.yaml")
        #expect(input.cluster == Cluster(nodes: 4, devicesPerNode: 8))
        #expect(input.demands.map(\.profile) == [.llama13B, .llama65B])
        #expect(input.demands.map(\.meanOutputTokens) == [261.31, 50])
        #expect(try PlacementInput(yaml: input.yaml, file: "out.yaml") == input)
    }

    /// What `WorkloadFile` reads of the same file is refused as there.
    @Test(arguments: [
        ("clusters: {}\nmodels:\n- {name: a, model: x-7b, rate: 1}", "1: clusters: is not known here"),
        ("models:\n- {name: a, model: x-7b, rate: fast}", "2: models[0].rate: must be a number; is 'fast'"),
        ("models:\n- {name: a, model: x-7b, rate: 0}", "2: models[0].rate: must be positive; is 0.0"),
        ("models:\n- {name: a, model: x-7b, rate: 1, prompt_len: 1e300}", "2: models[0].prompt_len: must be between"),
        ("alpha: 900\nrate: 1\nmodels:\n- {name: a, model: x-7b}\n- {name: b, model: x-7b}", "1: alpha: makes"),
        ("models:\n- {name: a, model: x-7b, rate: 1}\navg_prompt_len: 1e300", "3: avg_prompt_len: must be between"),
        ("models:\n- {name: a, rate: 1}", "2: models[0].model: is missing"),
        ("models:\n- {name: a, model: x-9b, rate: 1}", "2: models[0].model: 'x-9b' ends with no known size"),
        (
            "models:\n- {name: a, model: x, rate: 1, profile: {cost_name: x, heads: 0}}",
            "2: models[0].profile.heads: must be between 1 and 65536; is 0"
        ),
        ("models:\n- {name: a, model: x, rate: 1, profile: {heds: 2}}", "2: models[0].profile.heds: is not known here"),
        (
            """
            models:
            - name: a
              model: x
              rate: 1
              profile:
                {cost_name: x, parameters: 9, layers: 1, hidden_size: 8, heads: 2,
                 experts: {count: 4, used: 5, parameters: 8}}
            """, "7: models[0].profile.experts.used: must be between 1 and 4; is 5"
        ),
        (
            """
            models:
            - name: a
              model: x
              rate: 1
              profile:
                {cost_name: x, parameters: 9, layers: 1, hidden_size: 8, heads: 2,
                 experts: {count: 4, used: 2, parameters: 10}}
            """, "7: models[0].profile.experts.parameters: must be between 0.0 and 9.0; is 10.0"
        ),
        (
            "models:\n- {name: a, model: x, rate: 1, profile: {heads: 2}}",
            "2: models[0].profile.hidden_size: is missing"
        ),
        ("cluster: [\nmodels: 1", "2: document: "),
    ])
    func faultsOfInputsAreNamed(yaml: String, expected: String) {
        let error = #expect(throws: FileError.self) { try PlacementInput(yaml: yaml, file: "in.yaml") }
        #expect(error?.description.hasPrefix("in.yaml:\(expected)") == true, "\(error?.description ?? "")")
    }

    @Test func clustersAreRead() throws {
        let cluster = Cluster(nodes: 2, devicesPerNode: 3, memoryBytes: 24e9)
        for yaml in [
            "{nnodes: 2, ngpus_per_node: 3, memory_gb: 24}", "cluster: {nnodes: 2, ngpus_per_node: 3, memory_gb: 24}",
        ] { #expect(try Cluster(yaml: yaml, file: "cluster.yaml") == cluster) }
    }

    @Test(arguments: [
        ("{nnodes: 1, ngpus_per_node: 8, ngpu: 1}", "1: ngpu: is not known here"),
        ("cluster: {nnodes: 1, ngpus_per_node: 8}\nmodels: []", "2: models: is not known here; known are cluster"),
        ("nodes:\n- {devices: 1, cores: 2}", "2: nodes[0].cores: is not known here"),
        ("nnodes: four\nngpus_per_node: 8", "1: nnodes: must be an integer; is 'four'"),
        ("nnodes: 1\nngpus_per_node: 8.5", "2: ngpus_per_node: must be an integer; is '8.5'"),
        ("cluster: {nnodes: 0, ngpus_per_node: 8}", "1: cluster.nnodes: must be between 1 and 10000; is 0"),
        ("nodes:\n- {devices: 1, memory_gb: 1e300}", "2: nodes[0].memory_gb: must be between"),
        ("nodes: []", "1: nodes: must have at least 1 entry"), ("nnodes: 1", "1: ngpus_per_node: is missing"),
        ("nodes: [{devices: 1}]\nngpus_per_node: 3", "2: ngpus_per_node: contradicts nodes"),
        ("{nnodes: 1", "1: document: did not find expected"),
    ])
    func faultsOfClustersAreNamed(yaml: String, expected: String) {
        let error = #expect(throws: FileError.self) { try Cluster(yaml: yaml, file: "cluster.yaml") }
        #expect(error?.description.hasPrefix("cluster.yaml:\(expected)") == true, "\(error?.description ?? "")")
    }

    /// Why a file that reads well has no plan.
    @Test(arguments: [
        (
            "models:\n- {name: a, model: x-7b, rate: 1}\n- name: b\n  model: y-65b\n  rate: 1", 1,
            "in.yaml:4: models[1].model: model b fits on no mesh"
        ),
        (
            "models:\n- {name: a, model: x-7b, rate: 1}\n- {name: b, model: y-7b, rate: 1}", 1,
            "in.yaml:2: models: no division of the 1 devices"
        ),
        (
            "models:\n- {name: a, model: x-7b, rate: 1}\n- {name: b, model: y-30b, rate: 1}", 8,
            "in.yaml:3: models[1].model: needs costs of model llama-30b; costs.csv has llama-13b, llama-65b, llama-7b"
        ),
        (
            """
            models:
            - name: a
              model: mine
              rate: 1
              profile: {cost_name: mine, parameters: 1e9, layers: 2, hidden_size: 8, heads: 2}
            """, 8, "in.yaml:5: models[0].profile.cost_name: needs costs of model mine"
        ),
    ])
    func demandsWithoutAPlanAreNamed(yaml: String, devices: Int, expected: String) throws {
        let cluster = Cluster(nodes: [.init(devices: devices, memoryBytes: devices == 1 ? 24e9 : 80e9)])
        let measured = CostModel(
            Roofline(peak: .a100).table(for: [.llama7B, .llama13B, .llama65B], memoryBytes: 80e9))
        let demands = try PlacementInput(yaml: yaml, file: "in.yaml").demands
        let error: FileError
        do {
            let planner = Planner(on: cluster) {
                try ThroughputObjective(demands: $0, costs: measured, cluster: cluster)
            }
            _ = try planner.plan(demands)
            Issue.record("there is a plan")
            return
        } catch let cause as PlacementError {
            error = FileError(cause, yaml: yaml, file: "in.yaml")
        } catch let cause as CostError {
            error = FileError(cause, costs: "costs.csv", yaml: yaml, file: "in.yaml")
        }
        #expect(error.description.hasPrefix(expected), "\(error)")
    }

    static let plan = Plan(units: [
        PlannedUnit(
            name: "unit-0", node: 1, devices: [0, 1],
            models: [
                PlannedModel(
                    name: "a: b", model: "x\"y", rate: 1.25, shares: PhaseShares(prefill: Share(8), decode: Share(4)),
                    estimatedThroughput: 1)
            ])
    ])

    @Test func plansRoundTrip() throws {
        #expect(try Plan(yaml: Self.plan.yaml, file: "plan.yaml") == Self.plan)
    }

    @Test(arguments: [
        ("node: 1", "nam: x", "4: units[0].nam: is not known here"),
        ("rate: 1.25", "rte: 1.25", "9: units[0].models[0].rte: is not known here"),
        ("version: 1", "version: one", "1: version: must be an integer; is 'one'"),
        ("devices: [0, 1]", "devices: 0", "5: units[0].devices: must be a list"),
        ("version: 1", "version: 2", "1: version: must be 1, the only version known"),
        ("devices: [0, 1]", "devices: [0, 0]", "5: units[0].devices: device 0 of node 1 is in two units"),
        ("devices: [0, 1]", "devices: []", "5: units[0].devices: must have at least 1 entry"),
        ("rate: 1.25", "rate: 0", "9: units[0].models[0].rate: must be positive; is 0.0"),
        ("rate: 1.25", "rate: 1e308", "9: units[0].models[0].rate: must be between 1e-06 and 1000000.0; is 1e+308"),
        ("prefill_share: 80", "prefill_share: 101", "10: units[0].models[0].prefill_share: must be between 1 and 100"),
        ("    rate: 1.25\n", "", "7: units[0].models[0].rate: is missing"),
        ("devices: [0, 1]", "devices: [0, 1", "6: document: did not find expected"),
    ])
    func faultsOfPlansAreNamed(old: String, new: String, expected: String) {
        let yaml = Self.plan.yaml.replacing(old, with: new)
        let error = #expect(throws: FileError.self) { try Plan(yaml: yaml, file: "plan.yaml") }
        #expect(error?.description.hasPrefix("plan.yaml:\(expected)") == true, "\(error?.description ?? "")\n\(yaml)")
    }

    /// MuxServe's launcher reads these.
    @Test func meshFilesAreWritten() {
        let yaml = MeshFile(Self.plan.units[0], weightsGB: 14).yaml
        for line in [
            "num_gpus: 2", "max_num_seqs: 256", "overload_threshold: 2", "- name: \"a: b\"", "  model: \"x\\\"y\"",
            "  tensor_parallel_size: 2", "  placement: [[0, 1]]", "  mps_percentage: [80, 40]",
        ] { #expect(yaml.split(separator: "\n").contains(line[...]), "\(line)\n\(yaml)") }
    }
}
