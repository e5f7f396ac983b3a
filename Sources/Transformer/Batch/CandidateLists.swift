import Compute
import Kernels

/// Where the likeliest tokens of wanted rows are found, on a device whose memory the host does not see: reading a
/// vocabulary back takes longer than most draws need.
struct CandidateLists: Sendable {
    private let counts: HostArray<UInt32>
    private let slopes: HostArray<Float>
    /// `[rows][CandidateTokens.words]`
    private let found: HostArray<UInt32>
    private let tokens: CandidateTokens
    private let vocabulary: Int

    /// - Parameters:
    ///   - logits: `[rows][stride]`
    ///   - rows: the most with logits of a batch.
    init(
        logits: any Buffer, rows: Int, stride: Int, vocabulary: Int, _ kernels: KernelSet
    ) throws(ComputeError) {
        let device = kernels.device
        counts = try HostArray(UInt32.self, count: rows, access: .upload, label: "wanted tokens", on: device)
        slopes = try HostArray(Float.self, count: rows, access: .upload, label: "slopes", on: device)
        found = try HostArray(
            UInt32.self, count: rows * CandidateTokens.words, access: .download, label: "likeliest tokens", on: device)
        tokens = try CandidateTokens(
            kernels, logits: logits, stride: stride, vocabulary: vocabulary, counts: counts.buffer,
            slopes: slopes.buffer, found: found.buffer)
        self.vocabulary = vocabulary
    }

    /// Whether a device is better asked for them than read.
    static func areUseful(on device: any Device, _ network: Network) -> Bool {
        !device.limits.seesDeviceMemory && network.pooling == nil && network.vocabularySize > CandidateTokens.most
    }

    func write(_ batch: Batch) {
        for (index, query) in batch.queries.enumerated() {
            // One is found where none is asked for, which is soon done.
            counts[index] = UInt32(min(query?.count ?? 1, vocabulary))
            slopes[index] = query?.slope ?? 0
        }
    }

    func upload(_ batch: Batch, _ commands: any Commands) {
        counts.upload(0..<batch.queries.count, commands)
        slopes.upload(0..<batch.queries.count, commands)
    }

    func encode(_ batch: Batch, _ commands: any Commands) {
        tokens.encode(commands, rows: batch.queries.count)
        found.download(0..<batch.queries.count * CandidateTokens.words, commands)
    }

    /// What the last batch found for its `index`-th row with logits.
    subscript(index: Int) -> CandidateTokens.Found? {
        let words = CandidateTokens.words
        return found.withElements(index * words..<(index + 1) * words) { CandidateTokens.Found(words: $0) }
    }
}
