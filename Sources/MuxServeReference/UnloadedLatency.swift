/// The latency of a request alone, by which the measured runs count attainment.
///
/// Prompts between 32 and 511 tokens count as 32 ones: so does the script that made the measured figures.
struct UnloadedLatency {
    private let decode: Double
    private let shortPrefill: Double
    private let longPrefill: Double

    /// `nil` for a model that is none of the four LLaMA sizes.
    init?(_ costName: String) {
        switch costName {
        case "llama-7b": (decode, shortPrefill, longPrefill) = (0.011386, 0.014082, 0.041027)
        case "llama-13b": (decode, shortPrefill, longPrefill) = (0.020010, 0.020882, 0.075775)
        case "llama-30b": (decode, shortPrefill, longPrefill) = (0.024530, 0.036543, 0.062819)
        case "llama-65b": (decode, shortPrefill, longPrefill) = (0.032056, 0.049544, 0.077788)
        default: return nil
        }
    }

    func callAsFunction(promptTokens: Int, outputTokens: Int) -> Double {
        let prefill = promptTokens < 512 ? shortPrefill : longPrefill * Double(promptTokens) / 512
        return prefill + Double(outputTokens) * decode
    }
}
