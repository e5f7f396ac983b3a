/// How the next token is drawn from a step's logits.
///
/// The defaults draw greedily. Out-of-range values are refused where requests enter; here they are trusted.
package struct SamplingOptions: Sendable, Hashable {
    /// 0 draws the likeliest token; larger values flatten the distribution.
    package var temperature: Float = 0
    /// Keeps the `topK` likeliest tokens; `nil` keeps all.
    package var topK: Int?
    /// Keeps the smallest set of likeliest tokens whose probabilities reach `topP`, 0 < topP <= 1.
    package var topP: Float = 1
    /// Drops tokens less likely than `minP` times the likeliest one.
    package var minP: Float = 0
    /// Divides the positive logits, and multiplies the negative ones, of every token seen in prompt or output (CTRL,
    /// Keskar et al. 2019).
    package var repetitionPenalty: Float = 1
    /// Subtracted once from the logit of every token already generated.
    package var presencePenalty: Float = 0
    /// Subtracted from the logit of a generated token for every time it occurred.
    package var frequencyPenalty: Float = 0
    /// Added to the logits of the tokens named, before anything else.
    package var logitBias: [Int32: Float] = [:]
    /// The same seed gives the same text; `nil` draws a seed.
    package var seed: UInt64?

    package init() {}

    /// Whether only some tokens may be drawn.
    var narrows: Bool { (topK ?? 0) > 0 || topP < 1 || minP > 0 }
}
