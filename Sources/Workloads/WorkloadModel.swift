/// What is asked of one model.
package struct WorkloadModel: Hashable, Sendable, Codable {
    package var name: String
    /// Requests per second.
    package var rate: Double
    /// Rates that may be given: from one request in eleven days to more than any machine answers. What is reckoned
    /// with them stays far within what numbers hold.
    package static let rates = 1e-6...1e6
    package var prompts: LengthDistribution
    package var outputs: LengthDistribution
    /// The most requests; `nil` goes on to the end of the workload.
    package var requestLimit: Int?

    package init(
        name: String, rate: Double, prompts: LengthDistribution = .shareGPTPrompts,
        outputs: LengthDistribution = .shareGPTOutputs, requestLimit: Int? = nil
    ) {
        self.name = name
        self.rate = rate
        self.prompts = prompts
        self.outputs = outputs
        self.requestLimit = requestLimit
    }
}
