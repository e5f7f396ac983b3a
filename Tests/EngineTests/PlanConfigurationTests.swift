import ConfigurationFiles
import Engine
import Placement
import Quantities
import Scheduling
import Testing

struct PlanConfigurationTests {
    private struct NoSuchFile: Error {}

    private static func unit(_ name: String, devices: [Int] = [0], _ models: [PlannedModel]) -> PlannedUnit {
        PlannedUnit(name: name, node: 0, devices: devices, models: models)
    }

    private static let hot = PlannedModel(
        name: "hot", model: "hot.gguf", rate: 3,
        shares: PhaseShares(prefill: Share(percent: 64), decode: Share(percent: 7)), estimatedThroughput: 3)
    private static let cold = PlannedModel(
        name: "cold", model: "someone/cold", rate: 0.5, shares: PhaseShares(prefill: .whole, decode: Share(percent: 2)),
        maxSequences: 8,
        estimatedThroughput: 0.5)

    private static func file(_ name: String) throws -> String {
        guard ["hot.gguf", "cold"].contains(name) else { throw NoSuchFile() }
        return "/models/\(name)"
    }

    private static func configuration(
        _ units: [PlannedUnit], unit: String? = nil, devices: [String] = ["opencl:0"]
    ) throws -> ServeConfiguration {
        let root = try Field(Plan(units: units).yaml, file: "plan.yaml")
        #expect(ServeConfiguration.isPlan(root))
        return try ServeConfiguration(plan: root, unit: unit, devices: devices, file: file)
    }

    @Test func aUnitIsServedWithItsRatesAndShares() throws {
        let configuration = try Self.configuration([Self.unit("u", [Self.hot, Self.cold])])
        #expect(configuration.units[0].models.map(\.name) == ["hot", "cold"])
        #expect(configuration.units[0].models.map(\.path) == ["/models/hot.gguf", "/models/cold"])
        #expect(configuration.units[0].models.map(\.rate) == [3, 0.5])
        #expect(configuration.units[0].models.map(\.shares) == [[6, 1], [10, 1]])
        #expect(configuration.units[0].models[1].maxSequences == 8)
        #expect(configuration.units[0].policy == .adbs)
    }

    @Test func aConfigurationIsNoPlan() throws {
        for yaml in [
            "units: [{models: [], device: a}]", "units: [{models: [], devices: [a, b]}]", "models: []", "units: 3",
            "[]",
        ] {
            #expect(try !ServeConfiguration.isPlan(Field(yaml, file: "serve.yaml")))
        }
    }

    /// Faults of plans that read well, at the field that cannot be served here.
    @Test func whatCannotBeServedHereIsNamed() {
        let (first, second) = (Self.unit("first", [Self.hot]), Self.unit("second", devices: [1], [Self.cold]))
        let unknown = PlannedModel(
            name: "other", model: "none", rate: 1, shares: PhaseShares(prefill: Share(5), decode: Share(5)),
            estimatedThroughput: 1)
        let faults: [([PlannedUnit], String?, String)] = [
            (
                [first, second], nil,
                "16: units[1].devices: is device 1 of node 0, and this machine has 1 devices (opencl:0)"
            ),
            ([first, second], "third", "3: units: there is no unit 'third'; there are first, second"),
            (
                [Self.unit("u", devices: [0, 1], [Self.hot])], nil,
                "5: units[0].devices: is device 1 of node 0, and this machine has 1 devices (opencl:0)"
            ),
            ([Self.unit("u", [unknown])], nil, "8: units[0].models[0].model: NoSuchFile"),
        ]
        for (units, name, expected) in faults {
            let error = #expect(throws: FileError.self) { try Self.configuration(units, unit: name) }
            #expect(error?.description.hasPrefix("plan.yaml:\(expected)") == true, "\(error?.description ?? "")")
        }
    }

    @Test func aNodeServesItsOwnUnits() throws {
        var (first, second) = (Self.unit("first", [Self.hot]), Self.unit("second", [Self.cold]))
        (first.node, second.node) = (0, 2)
        let root = try Field(Plan(units: [first, second]).yaml, file: "plan.yaml")
        func configuration(_ unit: String?, _ node: Int?) throws -> ServeConfiguration {
            try ServeConfiguration(plan: root, unit: unit, node: node, devices: ["opencl:0"], file: Self.file)
        }
        #expect(try configuration(nil, 2).units.map(\.name) == ["second"])
        #expect(try configuration("second", 2).units.map(\.devices) == [["opencl:0"]])
        let faults: [(String?, Int?, String)] = [
            (nil, 1, "plan.yaml:3: units: there are no units for node 1; there are nodes 0, 2"),
            ("second", 0, "plan.yaml:3: units: unit 'second' is not on node 0; there are nodes 0, 2"),
            ("third", 0, "plan.yaml:3: units: there is no unit 'third'; there are first, second"),
            ("second", nil, "plan.yaml:16: units[1].devices: is device 0 of node 2, and this machine has 1 devices"),
        ]
        for (unit, node, expected) in faults {
            let error = #expect(throws: FileError.self) { try configuration(unit, node) }
            #expect(error?.description.hasPrefix(expected) == true, "\(error?.description ?? "")")
        }
    }

    @Test func unitsAreServedTogetherOrOneOfThem() throws {
        let units = [Self.unit("first", [Self.hot]), Self.unit("second", devices: [1], [Self.cold])]
        let devices = ["opencl:0", "vulkan:0"]
        let all = try Self.configuration(units, devices: devices)
        #expect(all.units.map(\.name) == ["first", "second"])
        #expect(all.units.map(\.devices) == devices.map { [$0] })
        let second = try Self.configuration(units, unit: "second", devices: devices)
        #expect(second.units.map(\.devices) == [["vulkan:0"]])
        #expect(second.units[0].models.map(\.name) == ["cold"])
        let mesh = try Self.configuration([Self.unit("u", devices: [1, 0], [Self.hot])], devices: devices)
        #expect(mesh.units.map(\.devices) == [["vulkan:0", "opencl:0"]])
    }
}
