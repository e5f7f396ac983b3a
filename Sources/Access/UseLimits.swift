/// How much a key may use; `nil` is without limit.
package struct UseLimits: Sendable, Hashable {
    package var requestsPerMinute: Int?
    /// Of prompts and outputs together.
    package var tokensPerMinute: Int?
    package var concurrentRequests: Int?

    package init(requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil, concurrentRequests: Int? = nil) {
        self.requestsPerMinute = requestsPerMinute
        self.tokensPerMinute = tokensPerMinute
        self.concurrentRequests = concurrentRequests
    }
}

/// What a key has left of its limits: pure, time is an argument, in seconds of any clock that only goes forward.
///
/// What is used comes back at an even rate, and never is more than the use of a minute left (a token bucket). Tokens
/// are counted when they are known, which is later than their request was let in: a key may owe some, and waits until
/// they are paid.
///
/// ```swift
/// var use = KeyUse(UseLimits(requestsPerMinute: 60), at: now)
/// if let refusal = use.begin(at: now) { … refusal.retryAfter … }
/// use.charge(tokens: 340, at: now)
/// use.end()
/// ```
package struct KeyUse: Sendable {
    /// What there is too much of.
    package enum Kind: String, Sendable, Hashable {
        case requests, tokens
        case concurrentRequests = "concurrent requests"
    }

    package struct Refusal: Sendable, Hashable {
        package var kind: Kind
        package var limit: Int
        /// Seconds after which there is room again.
        package var retryAfter: Double
    }

    /// What is left of a limit.
    package struct Left: Sendable, Hashable {
        package var kind: Kind
        package var limit: Int
        package var remaining: Int
        /// Seconds until all of it is back.
        package var reset: Double
    }

    private struct Bucket: Sendable {
        let limit: Int
        var level: Double
        var time: Double

        init?(_ limit: Int?, at now: Double) {
            guard let limit else { return nil }
            (self.limit, level, time) = (limit, Double(limit), now)
        }

        var perSecond: Double { Double(limit) / 60 }

        mutating func refill(at now: Double) {
            level = min(Double(limit), level + max(0, now - time) * perSecond)
            time = max(time, now)
        }

        func left(_ kind: Kind) -> Left {
            Left(
                kind: kind, limit: limit, remaining: max(0, Int(level)), reset: (Double(limit) - level) / perSecond)
        }
    }

    /// Of the time until a running request ends nothing is known. Chosen: a short answer.
    private static let patience = 1.0

    package let limits: UseLimits
    private var requests: Bucket?
    private var tokens: Bucket?
    package private(set) var running = 0

    package init(_ limits: UseLimits, at now: Double) {
        self.limits = limits
        requests = Bucket(limits.requestsPerMinute, at: now)
        tokens = Bucket(limits.tokensPerMinute, at: now)
    }

    /// Lets a request in, which is then running until `end`.
    ///
    /// - Returns: why it is not let in; then nothing is counted.
    package mutating func begin(at now: Double) -> Refusal? {
        requests?.refill(at: now)
        tokens?.refill(at: now)
        if let limit = limits.concurrentRequests, running >= limit {
            return Refusal(kind: .concurrentRequests, limit: limit, retryAfter: Self.patience)
        }
        if let requests, requests.level < 1 {
            return Refusal(
                kind: .requests, limit: requests.limit, retryAfter: (1 - requests.level) / requests.perSecond)
        }
        if let tokens, tokens.level < 1 {
            return Refusal(kind: .tokens, limit: tokens.limit, retryAfter: (1 - tokens.level) / tokens.perSecond)
        }
        requests?.level -= 1
        running += 1
        return nil
    }

    package mutating func end() {
        precondition(running > 0, "no request is running")
        running -= 1
    }

    package mutating func charge(tokens count: Int, at now: Double) {
        tokens?.refill(at: now)
        tokens?.level -= Double(count)
    }

    /// What is left of requests and tokens, as far as they are limited.
    package mutating func left(at now: Double) -> [Left] {
        requests?.refill(at: now)
        tokens?.refill(at: now)
        return [requests?.left(.requests), tokens?.left(.tokens)].compactMap { $0 }
    }

    /// The same use under other limits, as when a file of keys was changed.
    package func under(_ limits: UseLimits, at now: Double) -> KeyUse {
        guard limits != self.limits else { return self }
        var use = KeyUse(limits, at: now)
        use.running = running
        return use
    }
}
