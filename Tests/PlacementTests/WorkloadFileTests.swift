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
        ("models: [{name: a, rate: 1e308}]", "field models[0].rate: is 1e+308, expected 1e-06 to 1000000.0"),
        ("alpha: 1\nrate: 1e308\nmodels: [{name: a}]", "field rate: is 1e+308"),
        ("duration: 1e300\nmodels: [{name: a, rate: 1}]", "field duration: is 1e+300"),
        ("arrivals: {gamma: 1e-200}\nmodels: [{name: a, rate: 1}]", "field arrivals.gamma: is 1e-200"),
        ("alpha: 1\nmodels: [{name: a}]", "in.yaml:1: field rate: is missing"),
        ("alpha: 1\nrate: 2\nmodels: [{name: a, rate: 1}]", "in.yaml:3: field models[0].rate: contradicts alpha"),
        ("alpha: -1\nrate: 2\nmodels: [{name: a}]", "field alpha: is -1.0"),
        ("models: [{name: a, rate: 1, prompts: 0}]", "field models[0].prompts: is 0"),
        ("models: [{name: a, rate: 1, prompts: {uniform: [6, 2]}}]", "field models[0].prompts.uniform[1]: is 2"),
        ("models: [{name: a, rate: 1, prompts: {uniform: [6]}}]", "field models[0].prompts.uniform: has 1 numbers"),
        ("models: [{name: a, rate: 1, prompts: {pareto: 6}}]", "field models[0].prompts.pareto: is not known"),
        ("models: [{name: a, rate: 1, prompts: {exponential: 6}}]", "field models[0].prompts.limits: is missing"),
        (
            "models: [{name: a, rate: 1, outputs: {lognormal: 6, limits: [8, 9]}}]",
            "field models[0].outputs.lognormal: is 6.0"
        ),
        ("models: [{name: a, rate: 1, prompts: 3, prompt_len: 4}]", "field models[0].prompt_len: contradicts prompts"),
        ("arrivals: often\nmodels: [{name: a, rate: 1}]", "field arrivals: is 'often'"),
        ("arrivals: {gamma: 0}\nmodels: [{name: a, rate: 1}]", "field arrivals.gamma: is 0.0"),
        ("duration: x\nmodels: [{name: a, rate: 1}]", "field duration: is not a number"),
        ("context: 1\nmodels: [{name: a, rate: 1}]", "field context: is 1"),
    ])
    func badInputIsNamed(yaml: String, expected: String) {
        let error = #expect(throws: FileError.self) { try WorkloadFile(yaml: yaml, file: "in.yaml") }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }
}
