import Placement
import Quantities
import Scheduling
import Simulation
import Testing
import Workloads

/// Units whose jobs wait for lanes, as the engine's do, on a device of two compute units.
struct EngineLanesTests {
    private func records(
        _ models: Int, _ policy: PolicyName, _ requests: [Request], contention: PhaseContention = .none,
        overlap: LaneOverlap? = nil, serving: ServingCost = .none, shares: PhaseShares? = nil
    ) throws -> [RequestRecord] {
        var unit = try Support.unit(Array(repeating: .llama7B, count: models), devices: 1)
        for index in unit.models.indices {
            unit.models[index].settings.shares = shares ?? PhaseShares(prefill: Share(6), decode: Share(4))
        }
        let name = ModelProfile.llama7B.costName
        unit.device = LanedDevice(
            ProfiledDevice(
                name: "two cores", units: 2, contention: [name: contention], overlap: overlap.map { [name: $0] } ?? [:],
                serving: [name: serving]),
            policy: policy, shares: unit.models.map(\.settings.shares))
        var simulator = try UnitSimulator(unit, policy: policy.policy)
        return simulator.run(requests)
    }

    private func request(_ model: Int, outputTokens: Int = 1) -> Request {
        Request(arrival: 0, model: "m\(model)", promptTokens: 100, outputTokens: outputTokens)
    }

    private func prefill(_ share: Double) throws -> Double {
        try Support.unit([.llama7B], devices: 1).models[0].cost.prefill.time(batch: 1, length: 100, share: share)
    }

    @Test(arguments: [(PolicyName.adbs, 0.5), (.spatial, 0.5), (.temporal, 1)])
    func aJobHasThePartThatSuitsItsShare(_ policy: PolicyName, _ part: Double) throws {
        let found = try records(2, policy, [request(0)])
        #expect(try abs((found[0].latency ?? 0) - prefill(part)) < 1e-9)
    }

    @Test func aJobWaitsWhileItsLanesAreBusy() throws {
        let found = try records(3, .spatial, (0..<3).map { request($0) }).compactMap(\.latency).sorted()
        let alone = try prefill(0.5)
        try #require(found.count == 3)
        #expect(abs(found[0] - alone) < 1e-9 && abs(found[1] - alone) < 1e-9)
        #expect(abs(found[2] - 2 * alone) < 1e-9)
    }

    @Test func passesSideBySideAreSlowedAsMeasured() throws {
        let slow = PhaseContention(
            prefillBesidePrefill: 1.5, prefillBesideDecode: 1, decodeBesidePrefill: 1, decodeBesideDecode: 0.9)
        let found = try records(2, .spatial, [request(0), request(1)], contention: slow).compactMap(\.latency)
        for latency in found { #expect(try abs(latency - 1.5 * prefill(0.5)) < 1e-9) }
        #expect(slow.slowdown(ofPrefill: false, besidePrefill: false) == 1)
    }

    /// A prompt on the whole device arrives while another model decodes on a half.
    @Test func lanesThatOverlapAreSlowedAsMeasured() throws {
        let shares = PhaseShares(prefill: Share(8), decode: Share(2))
        let requests = [request(0, outputTokens: 200), request(1)].enumerated().map { index, request in
            var request = request
            request.arrival = Double(index)
            return request
        }
        let latency = { (overlap: LaneOverlap?) in
            try #require(try records(2, .adbs, requests, overlap: overlap, shares: shares)[1].latency)
        }
        let alone = try prefill(1)
        let measured = try latency(LaneOverlap(whole: 1.25, part: 1.1, busyPart: 1.5))
        #expect(abs(measured - 1.25 * alone) < 0.5 * alone)
        #expect(try latency(nil) > measured)
        #expect(try latency(LaneOverlap(whole: 1, part: 1, busyPart: 1.5)) < measured)
    }

    @Test func overlapIsInProportion() {
        let overlap = LaneOverlap(whole: 1.6, part: 0.9, busyPart: 1.5)
        #expect(overlap.slowdown(ofWhole: true, busyPart: 1) == 1)
        #expect(overlap.slowdown(ofWhole: true, busyPart: 0.5) == 1)
        #expect(abs(overlap.slowdown(ofWhole: true, busyPart: 2) - 2.2) < 1e-9)
        #expect(overlap.slowdown(ofWhole: false, busyPart: 2) == 1)
        #expect(LaneOverlap.sliced.slowdown(ofWhole: false, busyPart: 1.5) == 1.5)
    }

    /// While a lane draws and sends tokens, the device is free for the other.
    @Test func whatServesDoesNotSlow() throws {
        let slow = PhaseContention(
            prefillBesidePrefill: 1, prefillBesideDecode: 1, decodeBesidePrefill: 1, decodeBesideDecode: 3)
        let cost = ServingCost(perRequest: 0, perPass: 10, perSequence: 0)
        let latency = { (second: Seconds, contention: PhaseContention) in
            var requests = [request(0, outputTokens: 20), request(1, outputTokens: 20)]
            requests[1].arrival = second
            let found = try records(2, .spatial, requests, contention: contention, serving: cost)
            return found.compactMap(\.latency).reduce(0, +)
        }
        // Passes take far less than the ten seconds: those of the second model fall between those of the first.
        #expect(abs(try latency(5, slow) - (try latency(5, .none))) < 1e-6)
        #expect(try latency(0, slow) > (try latency(0, .none)) + 0.01, "where they meet they slow each other")
    }

    @Test func servingAddsToPassesAndRequests() throws {
        let cost = ServingCost(perRequest: 0.5, perPass: 0.25, perSequence: 0.125)
        let requests = [request(0, outputTokens: 3), request(0, outputTokens: 3)]
        let plain = try records(1, .temporal, requests)
        let served = try records(1, .temporal, requests, serving: cost)
        for (alone, found) in zip(plain, served) {
            let latency = try #require(alone.latency)
            let (perStep, perStepTogether) = (0.25 + 0.125, 0.25 + 2 * 0.125)
            // Both prefills are passes of their own or one; both decode twice, together.
            let least = latency + 0.5 + perStep + 2 * perStepTogether
            #expect(found.latency.map { $0 >= least - 1e-9 && $0 <= least + 2 * perStepTogether } == true)
        }
        let unloaded = try #require(served[0].unloadedLatency)
        #expect(abs(unloaded - (try #require(plain[0].unloadedLatency)) - 0.5 - 3 * 0.375) < 1e-9)
    }

    @Test func onlyTheRequestWaitsForWhatIsPerRequest() throws {
        let cost = ServingCost(perRequest: 0.5, perPass: 0, perSequence: 0)
        let requests = (0..<3).map { _ in request(0) }
        let plain = try records(1, .fcfs, requests).compactMap(\.latency)
        let served = try records(1, .fcfs, requests, serving: cost).compactMap(\.latency)
        for (alone, found) in zip(plain, served) { #expect(abs(found - alone - 0.5) < 1e-9) }
    }

    @Test(arguments: PolicyName.allCases)
    func allIsServedAndRunsRepeat(_ policy: PolicyName) throws {
        let requests = try Support.requests(4, rate: 4, duration: 20, seed: 3)
        let found = try records(4, policy, requests)
        #expect(found.allSatisfy { $0.finish != nil })
        #expect(try found == records(4, policy, requests))
    }
}
