import ConfigurationFiles
import Placement
import Testing
import Workloads

struct WorkloadFileTests {
    @Test func ratesFollowThePowerLaw() throws {
        let file = try WorkloadFile(
            yaml: "{alpha: 1, rate: 3, models: [{name: a}, {name: b, prompts: 7}], arrivals: {gamma: 2}, context: 64}",
            file: "in.yaml")
        #expect(file.models.map(\.rate) == [2, 1])
        #expect(file.models[1].prompts == .fixed(7))
        #expect(file.arrivals == .gamma(cv: 2) && file.duration == nil && file.contextLimit == 64)
        let workload = file.workload(rateScale: 2, duration: 5)
        #expect(workload.models.map(\.rate) == [4, 2])
        #expect(workload.arrivals == .gamma(cv: 2) && workload.duration == 5 && workload.contextLimit == 64)
        #expect(file.workload(arrivals: .poisson).arrivals == .poisson)
    }

    @Test func distributionsAreRead() throws {
        let file = try WorkloadFile(
            yaml: """
                duration: 9
                arrivals: even
                models:
                - {name: a, rate: 1, prompts: {uniform: [2, 6]}, outputs: {exponential: 20, limits: [1, 99]}}
                - {name: b, rate: 1, prompts: {lognormal: 30, spread: 0.5, limits: [2, 90]}, output_len: 40}
                """, file: "in.yaml")
        #expect(file.models[0].prompts == .uniform(2...6))
        #expect(file.models[0].outputs == .exponential(mean: 20, limits: 1...99))
        #expect(abs(file.models[1].prompts.mean - 30) < 0.1 && file.models[1].prompts.limits == 2...90)
        #expect(abs(file.models[1].outputs.mean - 40) < 0.1)
        #expect(file.workload().duration == 9 && file.workload().arrivals == .deterministic)
    }

    @Test func planningReadsTheSameFile() throws {
        let yaml =
            "{alpha: 1, rate: 3, models: [{name: a, model: x-7b, outputs: {uniform: [2, 6]}}, {name: b, model: y-7b}]}"
        let demands = try PlacementInput(yaml: yaml, file: "in.yaml").demands
        #expect(demands.map(\.rate) == [2, 1])
        #expect(demands.map(\.meanOutputTokens) == [4, 337])
    }

    @Test(arguments: [
        ("models: [{name: a, rate: 1, rat: 2}]", "1: models[0].rat: is not known here"),
        ("modells: [{name: a, rate: 1}]", "1: modells: is not known here; known are alpha, arrivals"),
        ("duration: x\nmodels: [{name: a, rate: 1}]", "1: duration: must be a number; is 'x'"),
        ("models: 3", "1: models: must be a list"), ("models:\n- a", "2: models[0]: must be a mapping"),
        ("models:\n- {name: [], rate: 1}", "2: models[0].name: must be 1 to 200 bytes of text"),
        ("models:\n- {name: a, rate: \"1\"}", "2: models[0].rate: must be a number; is '1'"),
        ("models: [{name: a}]", "1: models[0].rate: is missing"), ("rate: 1", "1: models: is missing"),
        ("models: []", "1: models: must have at least 1 entry"),
        ("models: [{name: a, rate: 1e308}]", "1: models[0].rate: must be between 1e-06 and 1000000.0; is 1e+308"),
        ("alpha: 1\nrate: 1e308\nmodels: [{name: a}]", "2: rate: must be between 1e-06 and 1000000.0; is 1e+308"),
        ("models: [{name: a, rate: 1}]\nduration: 1e300", "2: duration: must be between"),
        ("arrivals: {gamma: 1e-200}\nmodels: [{name: a, rate: 1}]", "1: arrivals.gamma: must be between"),
        ("arrivals: {gamma: 0}\nmodels: [{name: a, rate: 1}]", "1: arrivals.gamma: must be positive; is 0.0"),
        ("arrivals: often\nmodels: [{name: a, rate: 1}]", "1: arrivals: must be poisson, even or {gamma: DEVIATION}"),
        ("context: 1\nmodels: [{name: a, rate: 1}]", "1: context: must be between 2 and 16777216; is 1"),
        ("alpha: 1\nmodels: [{name: a}]", "1: rate: is missing"),
        ("alpha: 1\nrate: 2\nmodels: [{name: a, rate: 1}]", "3: models[0].rate: contradicts alpha"),
        ("alpha: -1\nrate: 2\nmodels: [{name: a}]", "1: alpha: must be positive; is -1.0"),
        ("models: [{name: a, rate: 1}, {name: a, rate: 1}]", "1: models[1].name: 'a' is given twice"),
        ("models: [{name: a, rate: 1, prompts: 0}]", "1: models[0].prompts: must be between 1 and 16777216; is 0"),
        (
            "models: [{name: a, rate: 1, prompts: {uniform: [6, 2]}}]",
            "1: models[0].prompts.uniform[1]: must be between 6"
        ),
        (
            "models: [{name: a, rate: 1, prompts: {uniform: [6]}}]",
            "1: models[0].prompts.uniform: must be the least and"
        ),
        ("models: [{name: a, rate: 1, prompts: {pareto: 6}}]", "1: models[0].prompts.pareto: is not known here"),
        ("models: [{name: a, rate: 1, prompts: {exponential: 6}}]", "1: models[0].prompts.limits: is missing"),
        (
            "models: [{name: a, rate: 1, outputs: {lognormal: 6, limits: [8, 9]}}]",
            "1: models[0].outputs.lognormal: must be a mean between the limits 8 and 9; is 6.0"
        ),
        ("models: [{name: a, rate: 1, prompts: 3, prompt_len: 4}]", "1: models[0].prompt_len: contradicts prompts"),
        ("models:\n- {name: a, rate: 1", "2: document: did not find expected"), ("models: &m\n- *m", "2: document: "),
        ("models: []\nmodels: []", "1: models: is given twice"), ("", "1: document: is empty"),
    ])
    func faultsAreNamed(yaml: String, expected: String) {
        let error = #expect(throws: FileError.self) { try WorkloadFile(yaml: yaml, file: "in.yaml") }
        #expect(error?.description.hasPrefix("in.yaml:\(expected)") == true, "\(error?.description ?? "")")
    }
}
