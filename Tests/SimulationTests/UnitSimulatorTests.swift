import Placement
import Quantities
import Scheduling
import Simulation
import Testing
import Workloads

struct UnitSimulatorTests {
    @Test(arguments: PolicyName.allCases)
    func everyRequestIsServedToTheEnd(policy: PolicyName) throws {
        let requests = try Support.requests(3, rate: 6, duration: 60, seed: 7)
        var simulator = try UnitSimulator(
            Support.unit([.llama7B, .llama13B, .llama7B], devices: 2), policy: policy.policy)
        let records = simulator.run(requests)
        #expect(records.count == requests.count)
        for (record, request) in zip(records, requests) {
            #expect(record.outputTokens == request.outputTokens)
            let first = try #require(record.firstToken)
            let finish = try #require(record.finish)
            #expect(request.arrival < first && first <= finish)
        }
    }

    @Test(arguments: PolicyName.allCases)
    func equalRequestsGiveEqualRecords(policy: PolicyName) throws {
        let requests = try Support.requests(2, rate: 10, duration: 20, seed: 3)
        let unit = try Support.unit([.llama7B, .llama13B], devices: 1)
        var first = try UnitSimulator(unit, policy: policy.policy)
        var second = try UnitSimulator(unit, policy: policy.policy)
        #expect(first.run(requests) == second.run(requests))
    }

    @Test func aLoneRequestTakesWhatItsJobsTake() throws {
        let host = HostCost(perPrefill: 0.003, perDecode: 0.001, perSequence: 0.0001)
        let unit = try Support.unit([.llama7B], devices: 1) { FittedMesh($0, host: host, contention: .none) }
        var simulator = try UnitSimulator(unit, policy: PolicyName.adbs.policy)
        let records = simulator.run([Request(arrival: 1, model: "m0", promptTokens: 100, outputTokens: 3)])
        let cost = unit.models[0].cost
        let prefill = cost.prefill.time(batch: 1, length: 100, share: 0.8) + 0.0031
        // With nothing beside it a decode step has the whole device.
        let steps = [100.0, 101].map { cost.decode.time(batch: 1, length: $0, share: 1) + 0.0011 }
        #expect(abs((records[0].timeToFirstToken ?? 0) - prefill) < 1e-9)
        #expect(abs((records[0].latency ?? 0) - prefill - steps[0] - steps[1]) < 1e-9)
    }

    @Test func jobsSideBySideSlowEachOther() throws {
        let requests = try Support.requests(2, rate: 8, duration: 30, seed: 1)
        func latency(_ contention: Contention) throws -> Double {
            let unit = try Support.unit([.llama7B, .llama7B], devices: 1) {
                FittedMesh($0, host: .none, contention: contention)
            }
            var simulator = try UnitSimulator(unit, policy: PolicyName.adbs.policy)
            return simulator.run(requests).compactMap(\.latency).reduce(0, +)
        }
        #expect(try latency(.none) < latency(Contention(memory: 1, compute: 1, common: 0)))
    }

    /// Pages are counted in bundles; a pool without a common divisor to bundle by decides the same.
    @Test func aSmallPoolPreemptsAndStillServesAll() throws {
        let requests = try Support.requests(1, rate: 30, duration: 20, seed: 5)
        var simulator = try UnitSimulator(
            Support.unit([.llama7B], devices: 1, poolGB: 4, device: Support.ideal), policy: PolicyName.adbs.policy)
        let records = simulator.run(requests)
        #expect(records.allSatisfy { $0.finish != nil })
        #expect(records.contains { $0.preemptions > 0 })
    }

    @Test func requestsLargerThanThePoolFailAndOthersGoOn() throws {
        var simulator = try UnitSimulator(
            Support.unit([.llama7B], devices: 1, poolGB: 0.2, device: Support.ideal),
            policy: PolicyName.adbs.policy)
        let records = simulator.run([
            Request(arrival: 0, model: "m0", promptTokens: 1000, outputTokens: 10),
            Request(arrival: 0.1, model: "m0", promptTokens: 50, outputTokens: 10),
        ])
        #expect(records[0].finish == nil)
        #expect(records[1].finish != nil)
    }
}
