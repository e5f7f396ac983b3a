import ConfigurationFiles
package import Quantities

/// What serving a model over HTTP adds to its passes on the device, measured.
package struct ServingCost: Hashable, Sendable, Encodable {
    /// Of a request's time to its first token; the device is free meanwhile.
    package var perRequest: Seconds
    /// From the end of a pass to the start of the next.
    package var perPass: Seconds
    /// The same for each sequence of the pass: its token is drawn, decoded and sent.
    package var perSequence: Seconds

    package static let none = ServingCost(perRequest: 0, perPass: 0, perSequence: 0)

    package init(perRequest: Seconds, perPass: Seconds, perSequence: Seconds) {
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
    package init(passes: Times, served: Times, together count: Int) {
        precondition(count > 1, "several requests")
        let alone = served.step - passes.step
        perSequence = max(0, (served.stepTogether - passes.stepTogether - alone) / Double(count - 1))
        perPass = max(0, alone - perSequence)
        perRequest = max(0, served.first - passes.first - perPass - perSequence)
    }

    init(_ field: Field) throws(FileError) {
        try field.allowOnly(["per_request", "per_pass", "per_sequence"])
        perRequest = try field.field("per_request").number(0...1e6)
        perPass = try field.field("per_pass").number(0...1e6)
        perSequence = try field.field("per_sequence").number(0...1e6)
    }

    enum CodingKeys: String, CodingKey {
        case perRequest = "per_request"
        case perPass = "per_pass"
        case perSequence = "per_sequence"
    }

    /// Times of requests, or of the passes behind them.
    package struct Times: Hashable, Sendable {
        /// To the first token of one request.
        package var first: Seconds
        /// For each further token of one request alone.
        package var step: Seconds
        /// For each further token of several requests together.
        package var stepTogether: Seconds

        package init(first: Seconds, step: Seconds, stepTogether: Seconds) {
            self.first = first
            self.step = step
            self.stepTogether = stepTogether
        }
    }
}
