import Quantities
import Scheduling
import Transformer

/// One request to read a text: its rows as far as they are pooled, and the client that waits for what it becomes.
struct Reading: Sendable {
    /// What a text becomes, or why it does not.
    typealias Outcome = Result<Embedding, EngineError>

    private(set) var model: ModelID
    let departure: Departure
    var rows: PooledRows
    /// What the text became; `nil` until it was read to its end.
    var vector: [Float]?
    /// When it came, was first in a pass, and was read to its end.
    private let arrival: Seconds
    var begun: Seconds?
    var ended: Seconds?

    private let kind: Pooling.Rows
    private let promptCount: Int
    private var setbacks = Setbacks()
    /// Tokens that the prefix index had; `nil` until the first pass.
    private var cachedTokens: Int?
    private let continuation: CheckedContinuation<Outcome, Never>

    init(
        _ request: EmbeddingRequest, model: ModelID, rows kind: Pooling.Rows, departure: Departure, at now: Seconds,
        continuation: CheckedContinuation<Outcome, Never>
    ) {
        self.model = model
        self.kind = kind
        self.departure = departure
        arrival = now
        rows = PooledRows(kind)
        promptCount = request.prompt.count
        self.continuation = continuation
    }

    /// As `Generation.mayResume`.
    mutating func mayResume() -> Bool { setbacks.add(at: 0) }

    /// It is read from its beginning, by another unit.
    mutating func restart(as model: ModelID) {
        self.model = model
        rows = PooledRows(kind)
    }

    /// As `Generation.begin`.
    mutating func begin(at position: Int) -> Int {
        guard cachedTokens == nil else { return 0 }
        cachedTokens = position
        return position
    }

    /// Tells the client how the sequence ended, as the scheduler decided.
    func end(_ end: SequenceEnd, model name: String) {
        switch end {
        case .stop, .length:
            guard let vector else { preconditionFailure("a text ends that was not read") }
            var embedding = Embedding(
                vector: vector, promptTokens: promptCount, cachedTokens: cachedTokens ?? 0)
            embedding.times = PhaseTimes(from: arrival, begun, ended, nil)
            continuation.resume(returning: .success(embedding))
        case .cancelled: fail(.cancelled)
        case .failed(let failure): fail(EngineError(failure, model: name))
        }
    }

    func fail(_ error: EngineError) { continuation.resume(returning: .failure(error)) }
}
