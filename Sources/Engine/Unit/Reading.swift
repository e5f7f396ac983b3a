import Quantities
import Scheduling
import Transformer

/// One request to read a text: its rows as far as they are pooled, and the client that waits for what it becomes.
struct Reading: Sendable {
    /// What a text becomes, or why it does not.
    typealias Outcome = Result<Embedding, EngineError>

    let model: ModelID
    var rows: PooledRows
    /// What the text became; `nil` until it was read to its end.
    var vector: [Float]?
    /// When it came, was first in a pass, and was read to its end.
    private let arrival: Seconds
    var begun: Seconds?
    var ended: Seconds?

    private let promptCount: Int
    /// Tokens that the prefix index had; `nil` until the first pass.
    private var cachedTokens: Int?
    private let continuation: CheckedContinuation<Outcome, Never>

    init(
        _ request: EmbeddingRequest, model: ModelID, rows: Pooling.Rows, at now: Seconds,
        continuation: CheckedContinuation<Outcome, Never>
    ) {
        self.model = model
        arrival = now
        self.rows = PooledRows(rows)
        promptCount = request.prompt.count
        self.continuation = continuation
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
