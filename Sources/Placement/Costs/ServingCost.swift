public import Workloads

/// What serving a model over HTTP adds to its passes on the device, measured.
public struct ServingCost: Hashable, Sendable, Codable {
    /// Of a request's time to its first token; the device is free meanwhile.
    public var perRequest: Seconds
    /// From the end of a pass to the start of the next.
    public var perPass: Seconds
    /// The same for each sequence of the pass: its token is drawn, decoded and sent.
    public var perSequence: Seconds

    public static let none = ServingCost(perRequest: 0, perPass: 0, perSequence: 0)

    public init(perRequest: Seconds, perPass: Seconds, perSequence: Seconds) {
        self.perRequest = perRequest
        self.perPass = perPass
        self.perSequence = perSequence
    }

    /// How long one request alone took and several together, beside the passes that they are made of.
    ///
    /// - Parameters:
    ///   - passes: of the device alone.
    ///   - served: what clients saw: to the first token of one, and between tokens.
    ///   - count: how many requests `together` are.
    public init(passes: Times, served: Times, together count: Int) {
        precondition(count > 1, "several requests")
        let alone = served.step - passes.step
        perSequence = max(0, (served.stepTogether - passes.stepTogether - alone) / Double(count - 1))
        perPass = max(0, alone - perSequence)
        perRequest = max(0, served.first - passes.first - perPass - perSequence)
    }

    enum CodingKeys: String, CodingKey {
        case perRequest = "per_request"
        case perPass = "per_pass"
        case perSequence = "per_sequence"
    }

    /// Times of requests, or of the passes behind them.
    public struct Times: Hashable, Sendable {
        /// To the first token of one request.
        public var first: Seconds
        /// For each further token of one request alone.
        public var step: Seconds
        /// For each further token of several requests together.
        public var stepTogether: Seconds

        public init(first: Seconds, step: Seconds, stepTogether: Seconds) {
            self.first = first
            self.step = step
            self.stepTogether = stepTogether
        }
    }
}
