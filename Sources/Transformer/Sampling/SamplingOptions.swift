/// How the next token is drawn from a step's logits.
///
/// The defaults draw greedily. Out-of-range values are refused where requests enter; here they are trusted.
public struct SamplingOptions: Sendable, Hashable {
    /// 0 draws the likeliest token; larger values flatten the distribution.
    public var temperature: Float = 0
    /// Keeps the `topK` likeliest tokens; `nil` keeps all.
    public var topK: Int?
    /// Keeps the smallest set of likeliest tokens whose probabilities reach `topP`, 0 < topP <= 1.
    public var topP: Float = 1
    /// Drops tokens less likely than `minP` times the likeliest one.
    public var minP: Float = 0
    /// Divides the positive logits, and multiplies the negative ones, of every token seen in prompt or output (CTRL,
    /// Keskar et al. 2019).
    public var repetitionPenalty: Float = 1
    /// Subtracted once from the logit of every token already generated.
    public var presencePenalty: Float = 0
    /// Subtracted from the logit of a generated token for every time it occurred.
    public var frequencyPenalty: Float = 0
    /// Added to the logits of the tokens named, before anything else.
    public var logitBias: [Int32: Float] = [:]
    /// The same seed gives the same text; `nil` draws a seed.
    public var seed: UInt64?

    public init() {}

    /// Whether only some tokens may be drawn.
    var narrows: Bool { (topK ?? 0) > 0 || topP < 1 || minP > 0 }
}
