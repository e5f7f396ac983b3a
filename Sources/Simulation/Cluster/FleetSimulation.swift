package import Placement
import Quantities
import Routing
package import Scheduling
package import Workloads

/// What one server does with several units on modelled devices: each request goes to the replica that `Fleet` and
/// `weft route` would choose.
///
/// ```swift
/// var fleet = try FleetSimulation([(name: "unit0", unit: unit, policy: .adbs)])
/// let records = try fleet.run(requests)
/// ```
package struct FleetSimulation {
    private let names: [String]
    private let models: [Set<String>]
    private var simulators: [UnitSimulator] = []
    /// What the requests have to do that each unit has and that have not ended.
    private var work: [Double]
    /// Of each unit, the work of each of its requests, and how many of its ends were counted.
    private var booked: [[Double]]
    private var counted: [Int]

    /// - Throws: `KVError` where a model's pages do not fit the pool of its unit.
    package init(_ units: [(name: String, unit: SimulatedUnit, policy: PolicyName)]) throws {
        names = units.map(\.name)
        models = units.map { Set($0.unit.models.map(\.name)) }
        for (_, unit, policy) in units { simulators.append(try UnitSimulator(unit, policy: policy.policy)) }
        (work, booked, counted) = (units.map { _ in 0 }, units.map { _ in [] }, units.map { _ in 0 })
    }

    /// Serves requests to the end.
    ///
    /// - Parameter requests: By arrival. No two of their prompts begin alike.
    /// - Returns: A record of each request, by unit and arrival.
    /// - Throws: `SimulationError.unknownModel`.
    package mutating func run(_ requests: [Request]) throws(SimulationError) -> [RequestRecord] {
        for (number, request) in requests.enumerated() {
            let able = names.indices.filter { models[$0].contains(request.model) }
            guard !able.isEmpty else { throw .unknownModel(request.model) }
            for unit in able { advance(unit, to: request.arrival) }
            let expected = ExpectedWork(promptTokens: request.promptTokens, mostOutputTokens: request.outputTokens)
            let replicas = able.map { Replica(name: names[$0], work: work[$0]) }
            let demand = Demand(model: request.model, work: expected, prefix: PrefixHash("\(number)"))
            let unit = demand.choice(among: replicas).map { able[$0] } ?? able[0]
            work[unit] += expected.total
            booked[unit].append(expected.total)
            simulators[unit].receive(request)
        }
        for unit in simulators.indices { simulators[unit].run(until: .infinity) }
        return simulators.flatMap(\.records)
    }

    private mutating func advance(_ unit: Int, to time: Seconds) {
        simulators[unit].run(until: time)
        for place in simulators[unit].finished[counted[unit]...] { work[unit] -= booked[unit][place] }
        counted[unit] = simulators[unit].finished.count
    }
}
