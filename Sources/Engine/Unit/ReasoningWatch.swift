package import Quantities
import Tokenization

/// How long a model may reason, and how its reasoning is ended when it would go on.
package struct ReasoningLimit: Sendable {
    /// The most tokens of reasoning.
    package var tokens: Int
    /// The text that begins it; `nil` where the prompt has begun it.
    package var begin: String?
    /// The text that ends it.
    package var end: String
    /// What is drawn to end it.
    package var closing: [TokenID]

    package init(tokens: Int, begin: String?, end: String, closing: [TokenID]) {
        self.tokens = tokens
        self.begin = begin
        self.end = end
        self.closing = closing
    }
}

/// Follows a model's reasoning, and says which tokens end it when its limit is reached.
struct ReasoningWatch: Sendable {
    private enum State {
        case before
        case within(tokensLeft: Int)
        case closing(ArraySlice<TokenID>)
        case over
    }

    private let limit: ReasoningLimit
    private var begin: StopStringMatcher
    private var end: StopStringMatcher
    private var state: State

    init(_ limit: ReasoningLimit) {
        self.limit = limit
        begin = StopStringMatcher([limit.begin ?? ""])
        end = StopStringMatcher([limit.end])
        state = limit.begin == nil ? .within(tokensLeft: limit.tokens) : .before
        closeIfSpent()
    }

    /// What must be drawn next, if anything must.
    var forced: TokenID? { if case .closing(let rest) = state { rest.first } else { nil } }

    /// A token was drawn that gave `text`.
    mutating func append(_ text: String) {
        switch state {
        case .before:
            if begin.append(text).stopped { state = .within(tokensLeft: limit.tokens) }
        case .within(let left):
            state = end.append(text).stopped ? .over : .within(tokensLeft: left - 1)
        case .closing(let rest): state = rest.count > 1 ? .closing(rest.dropFirst()) : .over
        case .over: break
        }
        closeIfSpent()
    }

    private mutating func closeIfSpent() {
        if case .within(let left) = state, left <= 0 {
            state = limit.closing.isEmpty ? .over : .closing(limit.closing[...])
        }
    }
}
