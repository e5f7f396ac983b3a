import Quantities
import Scheduling

/// A request at work: a text that is continued, or one that is read.
enum Work: Sendable {
    case generation(Generation)
    case reading(Reading)

    var model: ModelID {
        switch self {
        case .generation(let generation): generation.model
        case .reading(let reading): reading.model
        }
    }

    /// Knows when the client leaves.
    var departure: Departure {
        switch self {
        case .generation(let generation): generation.departure
        case .reading(let reading): reading.departure
        }
    }

    /// The device failed while it was at work on this.
    ///
    /// - Returns: whether it may go on elsewhere.
    mutating func mayResume() -> Bool {
        switch self {
        case .generation(var generation):
            defer { self = .generation(generation) }
            return generation.mayResume()
        case .reading(var reading):
            defer { self = .reading(reading) }
            return reading.mayResume()
        }
    }

    /// Goes on in another unit, where its model has another number.
    mutating func resume(as model: ModelID) {
        switch self {
        case .generation(var generation):
            generation.model = model
            self = .generation(generation)
        case .reading(var reading):
            reading.restart(as: model)
            self = .reading(reading)
        }
    }

    /// The sequence is in a pass from `position` on; what precedes its first one came from the prefix index.
    ///
    /// - Returns: the tokens that the index had, the first time.
    mutating func begin(at position: Int) -> Int {
        switch self {
        case .generation(var generation):
            defer { self = .generation(generation) }
            return generation.begin(at: position)
        case .reading(var reading):
            defer { self = .reading(reading) }
            return reading.begin(at: position)
        }
    }

    /// Tells the client how the sequence ended, as the scheduler decided.
    func end(_ end: SequenceEnd, model name: String) {
        switch self {
        case .generation(let generation): generation.end(end, model: name)
        case .reading(let reading): reading.end(end, model: name)
        }
    }

    /// The unit broke down.
    func fail(_ error: EngineError) {
        switch self {
        case .generation(let generation): generation.fail(error)
        case .reading(let reading): reading.fail(error)
        }
    }
}

extension EngineError {
    /// What a client is told of a sequence that broke off.
    init(_ failure: SequenceFailure, model name: String) {
        self =
            switch failure {
            case .poolTooSmall(let needed, let pages): .poolTooSmall(model: name, pagesNeeded: needed, pages: pages)
            case .modelUnloaded: .unavailable("model '\(name)' was unloaded")
            }
    }
}
