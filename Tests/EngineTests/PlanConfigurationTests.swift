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
        try ServeConfiguration(Plan(units: units), unit: unit, devices: devices, file: file)
    }

    @Test func aUnitIsServedWithItsRatesAndShares() throws {
        let configuration = try Self.configuration([Self.unit("u", [Self.hot, Self.cold])])
        #expect(configuration.units[0].models.map(\.name) == ["hot", "cold"])
        #expect(configuration.units[0].models.map(\.path) == ["/models/hot.gguf", "/models/cold"])
        #expect(configuration.units[0].models.map(\.rate) == [3, 0.5])
        #expect(configuration.units[0].models.map(\.shares) == [[6, 1], [10, 1]])
        #expect(configuration.units[0].models[1].maxSequences == 8)
        #expect(configuration.units[0].policy == .adbs)
        try configuration.check()
    }

    @Test func aWrittenPlanIsRead() throws {
        let plan = Plan(units: [Self.unit("u", [Self.hot])])
        let read = try Plan(yaml: plan.yaml, file: "plan.yaml")
        let configuration = try ServeConfiguration(read, devices: ["a"], file: Self.file)
        #expect(configuration.units[0].models.map(\.rate) == [3])
    }

    @Test func unitsOfDevicesThatAreNotThereAreRefusedByName() {
        let units = [Self.unit("first", [Self.hot]), Self.unit("second", devices: [1], [Self.cold])]
        let error = #expect(throws: ConfigurationError.self) { try Self.configuration(units) }
        for name in ["second", "opencl:0"] { #expect(error?.description.contains(name) == true) }
    }

    @Test func unitsAreServedTogetherOrOneOfThem() throws {
        let units = [Self.unit("first", [Self.hot]), Self.unit("second", devices: [1], [Self.cold])]
        let devices = ["opencl:0", "vulkan:0"]
        #expect(throws: ConfigurationError.self) { try Self.configuration(units, unit: "third", devices: devices) }
        let all = try Self.configuration(units, devices: devices)
        #expect(all.units.map(\.name) == ["first", "second"])
        #expect(all.units.map(\.device) == devices)
        try all.check()
        let second = try Self.configuration(units, unit: "second", devices: devices)
        #expect(second.units.map(\.device) == ["vulkan:0"])
        #expect(second.units[0].models.map(\.name) == ["cold"])
    }

    @Test func unitsOfSeveralDevicesAndUnknownModelsAreRefused() {
        #expect(throws: ConfigurationError.self) {
            try Self.configuration([Self.unit("u", devices: [0, 1], [Self.hot])])
        }
        let unknown = PlannedModel(
            name: "other", model: "none", rate: 1, shares: PhaseShares(prefill: Share(5), decode: Share(5)),
            estimatedThroughput: 1)
        #expect(throws: NoSuchFile.self) { try Self.configuration([Self.unit("u", [unknown])]) }
    }
}
