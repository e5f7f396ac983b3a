package import Quantities

/// One step of a model from where it serves to where it is to serve.
package struct ModelMove: Hashable, Sendable, Codable, CustomStringConvertible {
    package var model: String
    /// The unit that gives it up; absent where it gets one more replica.
    package var source: String?
    /// The unit that takes it; absent where a replica goes.
    package var destination: String?
    /// To load.
    package var bytes: Double
    package var loadTime: Seconds
    /// Whether the source must let it go before the destination has it: its requests wait meanwhile.
    package var interrupts: Bool
    /// Why, in one sentence.
    package var reason: String

    package init(
        model: String, source: String? = nil, destination: String? = nil, bytes: Double = 0, loadTime: Seconds = 0,
        interrupts: Bool = false, reason: String
    ) {
        self.model = model
        self.source = source
        self.destination = destination
        self.bytes = bytes
        self.loadTime = loadTime
        self.interrupts = interrupts
        self.reason = reason
    }

    package var description: String {
        switch (source, destination) {
        case (let source?, let destination?): "move \(model) from \(source) to \(destination): \(reason)"
        case (nil, let destination?): "load \(model) on \(destination)\(interrupts ? "" : " as well"): \(reason)"
        case (let source?, nil): "unload \(model) from \(source): \(reason)"
        case (nil, nil): "leave \(model): \(reason)"
        }
    }

    enum CodingKeys: String, CodingKey {
        case model
        case source = "from"
        case destination = "to"
        case bytes
        case loadTime = "load_seconds"
        case interrupts
        case reason
    }
}

/// An order in which models can move: each is loaded at its new place before the old one lets it go, where memory
/// allows.
struct MoveOrder {
    /// Of each unit, what is left for weights.
    private var free: [String: Double]

    init(_ units: [ServedUnit], bytes: (String) -> Double) {
        free = [:]
        for unit in units {
            free[unit.name] = unit.models.reduce(unit.weightBytes) { $0 - bytes($1) }
        }
    }

    /// - Parameter bytes: Of a model.
    /// - Returns: The same moves; those that had to be broken out of a ring of full units interrupt their model.
    /// - Complexity: O(n^2).
    mutating func ordered(_ moves: [ModelMove], bytes: (String) -> Double) -> [ModelMove] {
        var left = moves
        var result: [ModelMove] = []
        while !left.isEmpty {
            let next = left.firstIndex { move in
                move.destination.map { bytes(move.model) <= free[$0] ?? 0 } ?? true
            }
            if let next {
                let move = left.remove(at: next)
                if let unit = move.source { free[unit, default: 0] += bytes(move.model) }
                if let unit = move.destination { free[unit, default: 0] -= bytes(move.model) }
                result.append(move)
            } else if let waiting = left.firstIndex(where: { $0.source != nil && !$0.interrupts }),
                let source = left[waiting].source
            {
                // Let go first, then loaded when there is room: two moves, the first of which only unloads.
                let move = left[waiting]
                free[source, default: 0] += bytes(move.model)
                result.append(
                    ModelMove(model: move.model, source: source, interrupts: true, reason: move.reason))
                left[waiting].source = nil
                left[waiting].interrupts = true
            } else {
                return result + left
            }
        }
        return result
    }
}
