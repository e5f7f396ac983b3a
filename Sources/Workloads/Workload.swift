package import Quantities

/// Models, how often each is asked, and for how long.
package struct Workload: Hashable, Sendable, Codable {
    package var models: [WorkloadModel]
    package var arrivals: ArrivalProcess
    /// No request arrives later.
    package var duration: Seconds
    /// The most tokens of prompt and output together.
    package var contextLimit: Int

    package init(
        models: [WorkloadModel], arrivals: ArrivalProcess = .poisson, duration: Seconds, contextLimit: Int = 2048
    ) {
        self.models = models
        self.arrivals = arrivals
        self.duration = duration
        self.contextLimit = contextLimit
    }

    package var totalRate: Double { models.reduce(0) { $0 + $1.rate } }

    /// The requests of one run, by arrival.
    ///
    /// Equal seeds give equal requests. Each model has a random stream of its own, so that adding a model at the end
    /// changes nobody else's requests.
    /// - Throws: `WorkloadError` for what `validate` refuses.
    package func requests(seed: UInt64) throws(WorkloadError) -> [Request] {
        try validate()
        var requests: [(request: Request, order: Int)] = []
        for (number, model) in models.enumerated() {
            var random = SplitMix64(seed: seed, stream: number)
            var arrival = arrivals.gap(rate: model.rate, using: &random)
            var count = 0
            while arrival <= duration, count < model.requestLimit ?? .max {
                let (prompt, output) = lengths(of: model, using: &random)
                let request = Request(
                    arrival: arrival, model: model.name, promptTokens: prompt, outputTokens: output)
                requests.append((request, number))
                arrival += arrivals.gap(rate: model.rate, using: &random)
                count += 1
            }
        }
        return requests.sorted { ($0.request.arrival, $0.order) < ($1.request.arrival, $1.order) }.map(\.request)
    }

    /// - Throws: `WorkloadError` naming the model and field that cannot be served.
    package func validate() throws(WorkloadError) {
        if models.isEmpty { throw .noModels }
        try check(duration > 0 && duration <= 1e8, "duration", "\(duration)", "positive seconds, at most 1e8")
        if case .gamma(let cv) = arrivals {
            try check((1e-3...1e3).contains(cv), "arrivals.gamma.cv", "\(cv)", "0.001 to 1000")
        }
        var names: Set<String> = []
        for model in models {
            guard names.insert(model.name).inserted else { throw .duplicateModel(model.name) }
            let rates = WorkloadModel.rates
            try check(
                rates.contains(model.rate), "rate", "\(model.rate)",
                "\(rates.lowerBound) to \(rates.upperBound) requests/s", model)
            let (prompts, outputs) = (model.prompts.limits, model.outputs.limits)
            try check(prompts.lowerBound > 0, "prompts", "\(prompts.lowerBound)", "at least 1 token", model)
            try check(outputs.lowerBound > 0, "outputs", "\(outputs.lowerBound)", "at least 1 token", model)
            try check(
                prompts.lowerBound + outputs.lowerBound <= contextLimit, "contextLimit", "\(contextLimit)",
                "room for \(prompts.lowerBound) + \(outputs.lowerBound) tokens", model)
        }
    }

    private func check(
        _ isValid: Bool, _ field: String, _ value: String, _ expected: String, _ model: WorkloadModel? = nil
    ) throws(WorkloadError) {
        if !isValid { throw .invalidField(model: model?.name, field: field, value: value, expected: expected) }
    }

    /// Draws both lengths again while they exceed the limit together; cuts them after a hundred draws.
    private func lengths(of model: WorkloadModel, using random: inout SplitMix64) -> (prompt: Int, output: Int) {
        var prompt = 0
        for _ in 0..<100 {
            prompt = model.prompts.sample(using: &random)
            let output = model.outputs.sample(using: &random)
            if prompt + output <= contextLimit { return (prompt, output) }
        }
        prompt = min(prompt, contextLimit - model.outputs.limits.lowerBound)
        return (prompt, contextLimit - prompt)
    }
}

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

/// How the requests of a model follow each other in time.
package enum ArrivalProcess: Hashable, Sendable, Codable {
    /// Independent of each other.
    case poisson
    /// Gamma distributed gaps; `cv` is their deviation over their mean: 1 is Poisson, more comes in bursts.
    case gamma(cv: Double)
    /// Equal gaps.
    case deterministic

    /// The seconds until the next arrival at `rate` arrivals per second.
    package func gap(rate: Double, using random: inout SplitMix64) -> Seconds {
        switch self {
        case .poisson: random.exponential(mean: 1 / rate)
        case .gamma(let cv): random.gamma(shape: 1 / (cv * cv), scale: cv * cv / rate)
        case .deterministic: 1 / rate
        }
    }
}

/// What is wrong with a workload, and in which field.
package enum WorkloadError: Error, Hashable, Sendable, CustomStringConvertible {
    case noModels
    case duplicateModel(String)
    case invalidField(model: String?, field: String, value: String, expected: String)

    package var description: String {
        switch self {
        case .noModels: "the workload names no model"
        case .duplicateModel(let name): "the workload names model \(name) twice"
        case .invalidField(let model?, let field, let value, let expected):
            "model \(model): \(field) is \(value), expected \(expected)"
        case .invalidField(nil, let field, let value, let expected):
            "workload: \(field) is \(value), expected \(expected)"
        }
    }
}
