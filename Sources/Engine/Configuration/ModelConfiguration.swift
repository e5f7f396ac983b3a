package import Quantities
import Workloads

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

    /// Longer contexts than any model has, and still small enough to count pages of.
    private static let contexts = 1...(1 << 24)
    /// Seconds that may be aimed at: a microsecond to eleven days.
    private static let times = 1e-6...1e6

    /// Whether clients, logs and metrics can tell a model by this: 1 to 200 bytes that can be printed.
    private static func isName(_ name: String) -> Bool {
        (1...200).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy {
                switch $0.properties.generalCategory {
                case .control, .format, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator: false
                default: true
                }
            }
            && name.unicodeScalars.contains { !$0.properties.isWhitespace }
    }

    func check() throws(ConfigurationError) {
        func require(_ holds: Bool, _ reason: String) throws(ConfigurationError) {
            if !holds { throw ConfigurationError("model '\(name)': \(reason)") }
        }
        guard Self.isName(name) else {
            throw ConfigurationError("name: must be 1 to 200 bytes of text that can be printed")
        }
        try require(Self.contexts.contains(context ?? 1), "context: must be between 1 and \(Self.contexts.upperBound)")
        let (rates, times) = (WorkloadModel.rates, Self.times)
        try require(rates.contains(rate), "rate: must be between \(rates.lowerBound) and \(rates.upperBound)")
        try require(times.contains(ttft ?? 1), "ttft: must be between \(times.lowerBound) and \(times.upperBound)")
        try require(times.contains(tpot ?? 1), "tpot: must be between \(times.lowerBound) and \(times.upperBound)")
        try require(
            shares.count == 2 && shares.allSatisfy { (1...10).contains($0) },
            "shares: two numbers of tenths, [prefill, decode], between 1 and 10")
        try require((1...1024).contains(maxSequences), "max_sequences: must be between 1 and 1024")
        try require((1...8192).contains(chunk), "chunk: must be between 1 and 8192")
    }

    /// `shares` as the scheduler takes them; they must have been checked.
    var phaseShares: PhaseShares { PhaseShares(prefill: Share(shares[0]), decode: Share(shares[1])) }
}
