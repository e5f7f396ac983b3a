/// What is asked of one model.
package struct WorkloadModel: Hashable, Sendable, Codable {
    package var name: String
    /// Requests per second.
    package var rate: Double
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
