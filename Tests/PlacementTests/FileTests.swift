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

    @Test(arguments: [
        ("models:\n- {name: a, model: x-7b, rate: 0}", "in.yaml:2: field models[0].rate: is 0.0"),
        ("models:\n- {name: a, model: x-7b, rate: -1}", "models[0].rate"),
        ("models:\n- {name: a, model: x-7b, rate: 1e308}", "models[0].rate: is 1e+308, expected 1e-06 to 1000000.0"),
        ("models:\n- {name: a, model: x-7b, rate: 1, prompt_len: 1e300}", "models[0].prompt_len"),
        ("alpha: 900\nrate: 1\nmodels:\n- {name: a, model: x-7b}\n- {name: b, model: x-7b}", "field alpha"),
        ("avg_prompt_len: 1e300\nmodels:\n- {name: a, model: x-7b, rate: 1}", "avg_prompt_len"),
        (
            "cluster: {nodes: [{devices: 1, memory_gb: 1e300}]}\nmodels:\n- {name: a, model: x-7b, rate: 1}",
            "nodes[0].memory_gb"
        ),
        ("models:\n- {name: a, model: x-7b}", "in.yaml:2: field models[0].rate: is missing"),
        (
            "models:\n- {name: a, model: x-7b, rate: 1}\n- {name: a, model: x-7b, rate: 2}",
            "in.yaml:3: field models[1].name"
        ),
        ("models:\n- {name: a, model: x-9b, rate: 1}", "models[0].model"),
        ("models: []", "names no model"),
        ("models: &m\n- *m", "in.yaml"),
        ("models: 3", "field models: is not a list"),
        ("cluster: {nnodes: 0, ngpus_per_node: 8}\nmodels:\n- {name: a, model: x-7b, rate: 1}", "cluster.nnodes"),
        (
            "cluster: {nodes: [{devices: 1}], ngpus_per_node: 3}\nmodels:\n- {name: a, model: x-7b, rate: 1}",
            "in.yaml:1: field cluster.ngpus_per_node: contradicts nodes"
        ),
        ("models: []\nmodels: []", "twice"),
        ("", "is empty"), ("a: [", "in.yaml"),
    ])
    func badInputIsNamed(yaml: String, expected: String) {
        let error = #expect(throws: FileError.self) { try PlacementInput(yaml: yaml, file: "in.yaml") }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    /// Why a file that reads well has no plan.
    @Test(arguments: [
        (
            "models:\n- {name: a, model: x-7b, rate: 1}\n- name: b\n  model: y-65b\n  rate: 1", 1,
            "in.yaml:4: field models[1].model: model b fits on no mesh"
        ),
        (
            "models:\n- {name: a, model: x-7b, rate: 1}\n- {name: b, model: y-7b, rate: 1}", 1,
            "in.yaml:2: field models: no division of the 1 devices"
        ),
        (
            "models:\n- {name: a, model: x-7b, rate: 1}\n- {name: b, model: y-30b, rate: 1}", 8,
            "in.yaml:3: field models[1].model: needs costs of model llama-30b; costs.csv has llama-13b, llama-65b, llama-7b"
        ),
        (
            """
            models:
            - name: a
              model: mine
              rate: 1
              profile: {cost_name: mine, parameters: 1e9, layers: 2, hidden_size: 8, heads: 2}
            """, 8, "in.yaml:5: field models[0].profile.cost_name: needs costs of model mine"
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
        ("version: 2", "version: 1", "field version"), ("devices: [0, 0]", "devices: [0, 1]", "is in two units"),
        ("rate: 0", "rate: 1.25", "units[0].models[0].rate"), ("nam: x", "node: 1", "field units[0].nam: is not known"),
        ("rate: 1e308", "rate: 1.25", "units[0].models[0].rate: is 1e+308"),
        ("prefill_share: 101", "prefill_share: 80", "prefill_share"),
        ("devices: []", "devices: [0, 1]", "names no device"),
    ])
    func contradictoryPlansAreNamed(new: String, old: String, expected: String) {
        let yaml = Self.plan.yaml.replacing(old, with: new)
        let error = #expect(throws: FileError.self) { try Plan(yaml: yaml, file: "plan.yaml") }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    @Test func meshFilesAreReadAndWritten() throws {
        let unit = Self.plan.units[0]
        let mesh = MeshFile(unit, weightsGB: 14)
        #expect(try MeshFile(yaml: mesh.yaml, file: "mesh.yaml") == mesh)
        let error = #expect(throws: FileError.self) {
            try MeshFile(yaml: mesh.yaml.replacing("[80, 40]", with: "[80]"), file: "mesh.yaml")
        }
        #expect(error?.description.contains("mps_percentage") == true)
    }
}
