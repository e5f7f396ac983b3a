import Placement
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
    private let models: [Set<String>]
    private var simulators: [UnitSimulator] = []
    private var dispatch: ReplicaDispatch

    /// - Throws: `KVError` where a model's pages do not fit the pool of its unit.
    package init(_ units: [(name: String, unit: SimulatedUnit, policy: PolicyName)]) throws {
        models = units.map { Set($0.unit.models.map(\.name)) }
        for (_, unit, policy) in units { simulators.append(try UnitSimulator(unit, policy: policy.policy)) }
        dispatch = ReplicaDispatch(units.map(\.name))
    }

    /// Serves requests to the end.
    ///
    /// - Parameter requests: By arrival. No two of their prompts begin alike.
    /// - Returns: A record of each request, by unit and arrival.
    /// - Throws: `SimulationError.unknownModel`.
    package mutating func run(_ requests: [Request]) throws(SimulationError) -> [RequestRecord] {
        for request in requests {
            let able = models.indices.filter { models[$0].contains(request.model) }
            for unit in able {
                simulators[unit].run(until: request.arrival)
                dispatch.takeEnds(of: simulators[unit], unit)
            }
            guard let unit = dispatch.unit(for: request, among: able) else { throw .unknownModel(request.model) }
            simulators[unit].receive(request)
        }
        for unit in simulators.indices { simulators[unit].run(until: .infinity) }
        return simulators.flatMap(\.records)
    }
}

/// Chooses the unit of each request as `Fleet` and `weft route` do: by what those before it still have to do.
struct ReplicaDispatch {
    private let names: [String]
    /// What the requests have to do that each unit has and that have not ended.
    private var work: [Double]
    /// Of each unit, the work of each of its requests, and how many of its ends were taken.
    private var booked: [[Double]]
    private var taken: [Int]

    init(_ names: [String]) {
        self.names = names
        (work, booked, taken) = (names.map { _ in 0 }, names.map { _ in [] }, names.map { _ in 0 })
    }

    /// The unit that receives a request next; `nil` where none may.
    ///
    /// - Parameter units: Those that have its model, up to its arrival.
    mutating func unit(for request: Request, among units: [Int]) -> Int? {
        let expected = ExpectedWork(promptTokens: request.promptTokens, mostOutputTokens: request.outputTokens)
        // Of no other request's prompt.
        let prefix = PrefixHash("\(booked.reduce(0) { $0 + $1.count })")
        let choice = Demand(model: request.model, work: expected, prefix: prefix)
            .choice(among: units.map { Replica(name: names[$0], work: work[$0]) })
        guard let unit = choice.map({ units[$0] }) else { return nil }
        work[unit] += expected.total
        booked[unit].append(expected.total)
        return unit
    }

    /// Takes off what has ended since the last time.
    ///
    /// - Returns: The places of what has, in the order of their ends.
    @discardableResult
    mutating func takeEnds(of simulator: UnitSimulator, _ unit: Int) -> [Int] {
        let places = Array(simulator.finished[taken[unit]...])
        for place in places { work[unit] -= booked[unit][place] }
        taken[unit] += places.count
        return places
    }
}
