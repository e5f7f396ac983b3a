import Foundation
import Placement
import Quantities
import Testing

struct ReplacementTests {
    /// Units of several sizes with models on them as chance has it.
    private struct Scene {
        var units: [ServedUnit] = []
        var demands: [ModelDemand]

        init(seed: UInt64, spare: Double = 40e9) {
            var random = SplitMix64(seed: seed)
            demands = Synthetic.demands(7, totalRate: 60, seed: seed)
            for index in demands.indices {
                if demands[index].profile.parameters > 20e9 { demands[index].profile = .llama13B }
                demands[index].rate *= 0.2 + 2 * random.unit()
            }
            units = [8, 4, 4, 2].enumerated().map { index, devices in
                ServedUnit(name: "u\(index)", mesh: MeshKind(devices: devices), weightBytes: 0, models: [])
            }
            for demand in demands { units[random.integer(in: 0...3)].models.append(demand.name) }
            for index in units.indices {
                units[index].weightBytes = units[index].models.reduce(spare) { $0 + bytes(of: $1) }
            }
        }

        func bytes(of model: String) -> Double { demands.first { $0.name == model }?.profile.weightBytes ?? 0 }

        func weights(on unit: Int) -> Double { units[unit].models.reduce(0) { $0 + bytes(of: $1) } }

        func replacement(_ settings: ReplacementSettings = .init()) -> Replacement<LoadObjective> {
            let cluster = Cluster(nodes: units.map { Cluster.Node(devices: $0.mesh.devices) })
            return Replacement(settings) {
                try LoadObjective(demands: $0, costs: Synthetic.costs, cluster: cluster)
            }
        }

        /// Makes moves as they say, and holds each step to the memory that there is.
        mutating func carryOut(_ moves: [ModelMove]) {
            for move in moves {
                if let place = units.firstIndex(where: { $0.name == move.destination }) {
                    #expect(!units[place].models.contains(move.model))
                    units[place].models.append(move.model)
                    #expect(weights(on: place) <= units[place].weightBytes)
                }
                if let place = units.firstIndex(where: { $0.name == move.source }) {
                    #expect(units[place].models.contains(move.model))
                    units[place].models.removeAll { $0 == move.model }
                }
                let isServed = units.contains { $0.models.contains(move.model) }
                #expect(isServed || move.interrupts, "\(move)")
                #expect(!move.reason.isEmpty)
            }
        }
    }

    /// With constant rates nothing moves after the first decision, however often it is asked.
    @Test(arguments: 1...24 as ClosedRange<UInt64>) func constantRatesMoveOnce(seed: UInt64) throws {
        var scene = Scene(seed: seed)
        var replacement = scene.replacement()
        let first = try replacement.decision(scene.units, scene.demands, at: 0)
        scene.carryOut(first.moves)
        for demand in scene.demands { #expect(scene.units.contains { $0.models.contains(demand.name) }) }
        if !first.moves.isEmpty {
            replacement.moved(at: 0)
            #expect(first.scoreAfter > first.scoreBefore)
        }
        for time in [30.0, 60, 90] {
            let next = try replacement.decision(scene.units, scene.demands, at: time)
            #expect(next.moves.isEmpty, "\(next.moves)")
            #expect(first.moves.isEmpty || abs(next.scoreBefore - first.scoreAfter) < 1e-9)
        }
    }

    /// Some of the scenes above have something to move, else they would show nothing.
    @Test func turnedPopularityMovesModels() throws {
        var moved = 0
        for seed: UInt64 in 1...12 {
            var scene = Scene(seed: seed)
            let replacement = scene.replacement()
            scene.carryOut(try replacement.decision(scene.units, scene.demands).moves)
            let rates = scene.demands.map(\.rate)
            for index in rates.indices { scene.demands[index].rate = rates[rates.count - 1 - index] }
            let decision = try replacement.decision(scene.units, scene.demands)
            if !decision.moves.isEmpty {
                moved += 1
                let gain = decision.scoreAfter - decision.scoreBefore - decision.lost / replacement.settings.horizon
                #expect(gain > replacement.settings.margin * rates.reduce(0, +))
            }
            scene.carryOut(decision.moves)
            #expect(try replacement.decision(scene.units, scene.demands).moves.isEmpty)
        }
        #expect(moved >= 4, "\(moved) of 12")
    }

    @Test func nothingMovesTooSoonOrForTooLittle() throws {
        let scene = try #require(
            (1...24).map { Scene(seed: $0) }.first { scene in
                try !scene.replacement().decision(scene.units, scene.demands).moves.isEmpty
            })
        var replacement = scene.replacement()
        replacement.moved(at: 100)
        let soon = try replacement.decision(scene.units, scene.demands, at: 110)
        #expect(soon.moves.isEmpty && soon.reason.contains("another 20.0 s"))
        #expect(try !replacement.decision(scene.units, scene.demands, at: 130).moves.isEmpty)
        // Who asks what would move is told at any time.
        #expect(try !replacement.decision(scene.units, scene.demands).moves.isEmpty)
        let greedy = try scene.replacement(.init(margin: 1)).decision(scene.units, scene.demands)
        #expect(greedy.moves.isEmpty && greedy.reason.hasPrefix("gain below the margin"))
        let slow = try scene.replacement(.init(loadBytesPerSecond: 1e6)).decision(scene.units, scene.demands)
        #expect(slow.moves.isEmpty && slow.reason == "no move gains more than it costs")
        let alone = try replacement.decision([scene.units[0]], scene.demands)
        #expect(alone.moves.isEmpty && alone.reason.contains("two units"))
    }

    /// Where units are full, one model goes before the others can come.
    @Test func aRingOfFullUnitsIsBrokenOnce() throws {
        let hot = ModelDemand(name: "hot", profile: .llama7B, rate: 18)
        let cold = ModelDemand(name: "cold", profile: .llama7B, rate: 0.1)
        var scene = Scene(seed: 1)
        scene.demands = [hot, cold]
        scene.units = [
            ServedUnit(name: "wide", mesh: MeshKind(devices: 8), weightBytes: 15e9, models: ["cold"]),
            ServedUnit(name: "narrow", mesh: MeshKind(devices: 1), weightBytes: 15e9, models: ["hot"]),
        ]
        let decision = try scene.replacement().decision(scene.units, scene.demands)
        scene.carryOut(decision.moves)
        #expect(scene.units.map(\.models) == [["hot"], ["cold"]])
        #expect(decision.moves.count { $0.interrupts && $0.source != nil } == 1)
        let reason = decision.moves.first { $0.model == "hot" }?.reason
        #expect(reason?.hasPrefix("it is asked 18.0 times a second; narrow serves") == true, "\(reason ?? "")")
        let text = String(decoding: try JSONEncoder().encode(decision), as: UTF8.self)
        #expect(text.contains(#""to":"wide""#) && text.contains(#""served_well_then""#))
    }
}
