package import Quantities

/// A request, as its sender numbers it; unique among those alive in a unit.
package struct RequestID: Hashable, Sendable {
    package let number: UInt64

    package init(_ number: UInt64) {
        self.number = number
    }
}

/// A request that reaches its unit.
package struct Arrival: Hashable, Sendable {
    package var request: RequestID
    package var model: ModelID
    package var promptTokens: Int
    /// The most tokens to generate.
    package var maxTokens: Int
    /// The prompt, by which prefixes are shared; empty where it is not known.
    package var prompt: [TokenID]
    /// Who asks, and how much it matters.
    package var sender = Sender()

    package init(request: RequestID, model: ModelID, promptTokens: Int, maxTokens: Int, prompt: [TokenID] = []) {
        precondition(promptTokens > 0 && maxTokens > 0, "a request has a prompt and wants at least one token")
        precondition(prompt.isEmpty || prompt.count == promptTokens, "the prompt has \(prompt.count) tokens")
        self.request = request
        self.model = model
        self.promptTokens = promptTokens
        self.maxTokens = maxTokens
        self.prompt = prompt
    }
}

/// Whose request it is. Requests of higher priority go first; of equal priority those who ask get equal parts.
package struct Sender: Hashable, Sendable {
    /// Empty where nobody is told apart.
    package var name: String
    package var priority: Int

    package init(name: String = "", priority: Int = 0) { (self.name, self.priority) = (name, priority) }
}

/// What a unit wants done, in this order.
package enum Action: Hashable, Sendable {
    /// The lane is idle; report with `UnitScheduler.passFinished` when it is done.
    case run(Pass)
    /// The sequence lost its pages and waits again; its tokens are kept.
    case preempt(RequestID)
    /// The sequence has ended and holds nothing any more.
    case end(RequestID, SequenceEnd)
    /// The model has no sequence, page or job any more: its memory can go.
    case drained(ModelID)
}

/// How a sequence ended.
package enum SequenceEnd: Hashable, Sendable {
    /// With a token that ends the text, or a stop string.
    case stop
    /// It has all the tokens that it may have.
    case length
    case cancelled
    case failed(SequenceFailure)

    /// The word of counters and metrics.
    package var name: String {
        switch self {
        case .stop: "stop"
        case .length: "length"
        case .cancelled: "cancelled"
        case .failed: "failed"
        }
    }
}

/// Why a sequence broke off.
package enum SequenceFailure: Hashable, Sendable {
    /// The pool, or the model's fixed quota, is smaller than what the sequence needs.
    case poolTooSmall(pagesNeeded: Int, pages: Int)
    case modelUnloaded
}
