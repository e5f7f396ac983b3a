package import Compute

/// The likeliest tokens of rows of logits, found where the logits are: what is read back is little beside a vocabulary.
/// `candidates.kernel` has the numbers of this type as well.
package struct CandidateTokens: Sendable {
    /// The most tokens of a row that may be wanted. Chosen: samplers that narrow by `top_k` take 20 to 64.
    package static let most = 64
    /// Words of what is found in a row: how many tokens, or 0; the row's weight; the tokens; their logits.
    package static let words = 2 + 2 * most

    /// What is found in a row.
    package struct Found: Sendable, Hashable {
        /// The likeliest first; of those that are as likely, the first ones.
        package var tokens: [Int32]
        package var logits: [Float]
        /// The sum of exp(slope * (logit - most)) over all tokens.
        package var weight: Float

        package init(tokens: [Int32], logits: [Float], weight: Float) {
            (self.tokens, self.logits, self.weight) = (tokens, logits, weight)
        }

        /// - Parameter words: `[CandidateTokens.words]`
        /// - Returns: `nil` where too many tokens were as likely for any to be found.
        package init?(words: Span<UInt32>) {
            let count = Int(words[0])
            guard 1...most ~= count else { return nil }
            tokens = (0..<count).map { Int32(bitPattern: words[2 + $0]) }
            logits = (0..<count).map { Float(bitPattern: words[2 + most + $0]) }
            weight = Float(bitPattern: words[1])
        }
    }

    private let kernel: KernelPromise
    private let stride: Int
    private let vocabulary: Int

    /// - Parameters:
    ///   - logits: `[rows][stride]` floats, those of tokens in front
    ///   - counts: `[rows]` words: the tokens that are wanted, 1 to `most` and no more than there are
    ///   - slopes: `[rows]` floats: 0 where the weight is of no use
    ///   - found: `[rows][words]` words
    package init(
        _ kernels: KernelSet, logits: any Buffer, stride: Int, vocabulary: Int, counts: any Buffer,
        slopes: any Buffer, found: any Buffer
    ) throws(ComputeError) {
        kernel = try kernels.promise(
            "candidates", [:], [logits, counts, slopes, found], groupSize: kernels.limits.rowGroupSize)
        self.stride = stride
        self.vocabulary = vocabulary
    }

    package func encode(_ commands: any Commands, rows: Int) {
        var parameters = Parameters()
        parameters.append(stride)
        parameters.append(vocabulary)
        commands.dispatch(kernel, parameters, tiles: rows)
    }
}
