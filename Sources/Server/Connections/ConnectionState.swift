import NIOCore

/// What one connection waits for, and until when.
struct ConnectionState {
    /// How long a client may let a connection wait.
    struct Patience {
        /// From the first byte of a request's head to its last.
        var head: Duration
        /// Between requests, and between the bytes of a body that nobody reads.
        var idle: Duration
    }

    /// Requests whose answers have not ended.
    private(set) var unanswered = 0
    /// A request's head came, and its end did not yet.
    private(set) var isReading = false
    /// When the first byte came of a head that is not complete.
    private var headBegan: NIODeadline?
    /// When the client was heard last, or its last answer ended.
    private var lastSign: NIODeadline
    /// No request is taken any more: the server shuts down, the client asked for it, or it broke the protocol.
    var isLast = false

    init(at now: NIODeadline) { lastSign = now }

    /// Since when the connection waits for its client; `nil` while the client waits for an answer.
    var waitingSince: NIODeadline? { unanswered > 0 && !isReading ? nil : lastSign }

    /// Bytes came, after what they completed was told by `headCame` and `endCame`.
    mutating func bytesCame(at now: NIODeadline) {
        lastSign = now
        if unanswered == 0, headBegan == nil { headBegan = now }
    }

    mutating func headCame() {
        headBegan = nil
        isReading = true
        unanswered += 1
    }

    mutating func endCame() { isReading = false }

    mutating func answered(at now: NIODeadline) {
        unanswered -= 1
        lastSign = now
    }

    /// When the client was patient for long enough; `nil` while it waits itself.
    func deadline(_ patience: Patience) -> NIODeadline? {
        guard let waitingSince else { return nil }
        let end = waitingSince + TimeAmount(patience.idle)
        // A head has its time however slowly its bytes come; a body has that of whoever reads it.
        return headBegan.map { min(end, $0 + TimeAmount(patience.head)) } ?? end
    }
}
