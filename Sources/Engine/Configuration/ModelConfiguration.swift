package import KVCache
import Quantities

/// One model of a unit.
package struct ModelConfiguration: Sendable, Codable, Hashable {
    /// The name by which clients ask for it.
    package var name: String
    /// The model file; relative to the folder of models.
    package var path: String
    /// The most tokens of prompt and output; the file's own limit where absent.
    package var context: Int?
    package var kvType = KVType.f16
    /// The arrival rate that is expected, by which the pool is divided; only proportions count.
    package var rate = 1.0
    /// Tenths of the device that a prefill and a decode take: MuxServe's `mps_percentage`.
    package var shares = [6, 4]
    /// The most sequences at work.
    package var maxSequences = 64
    /// The most prompt tokens of one prefill job; longer prompts are done in chunks.
    package var chunk = 256
    /// Seconds from arrival to first token that are aimed at; `adbs` orders prefills by it.
    package var ttft: Double?
    /// Seconds per output token that are aimed at; `adbs` bounds the chunks of prefills by it.
    package var tpot: Double?
    /// Whether it stays loaded when another model needs its memory.
    package var pinned = false

    package init(name: String, path: String) {
        self.name = name
        self.path = path
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, path, context, rate, shares, chunk, ttft, tpot, pinned
        case kvType = "kv_type"
        case maxSequences = "max_sequences"
    }

    package init(from decoder: any Decoder) throws {
        try decoder.refuseUnknownKeys(CodingKeys.allCases)
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        name = try keys.decode(String.self, forKey: .name)
        path = try keys.decode(String.self, forKey: .path)
        context = try keys.decodeIfPresent(Int.self, forKey: .context)
        kvType = try keys.decodeIfPresent(KVType.self, forKey: .kvType) ?? kvType
        rate = try keys.decodeIfPresent(Double.self, forKey: .rate) ?? rate
        shares = try keys.decodeIfPresent([Int].self, forKey: .shares) ?? shares
        maxSequences = try keys.decodeIfPresent(Int.self, forKey: .maxSequences) ?? maxSequences
        chunk = try keys.decodeIfPresent(Int.self, forKey: .chunk) ?? chunk
        ttft = try keys.decodeIfPresent(Double.self, forKey: .ttft)
        tpot = try keys.decodeIfPresent(Double.self, forKey: .tpot)
        pinned = try keys.decodeIfPresent(Bool.self, forKey: .pinned) ?? pinned
    }

    func check() throws(ConfigurationError) {
        func require(_ holds: Bool, _ reason: String) throws(ConfigurationError) {
            if !holds { throw ConfigurationError("model '\(name)': \(reason)") }
        }
        try require(context ?? 1 > 0, "context: must be at least 1")
        try require(rate > 0 && rate.isFinite, "rate: must be positive")
        try require(ttft ?? 1 > 0 && (ttft ?? 1).isFinite, "ttft: must be positive")
        try require(tpot ?? 1 > 0 && (tpot ?? 1).isFinite, "tpot: must be positive")
        try require(
            shares.count == 2 && shares.allSatisfy { (1...10).contains($0) },
            "shares: two numbers of tenths, [prefill, decode], between 1 and 10")
        try require((1...1024).contains(maxSequences), "max_sequences: must be between 1 and 1024")
        try require((1...8192).contains(chunk), "chunk: must be between 1 and 8192")
    }

    /// `shares` as the scheduler takes them; they must have been checked.
    var phaseShares: PhaseShares { PhaseShares(prefill: Share(shares[0]), decode: Share(shares[1])) }
}
