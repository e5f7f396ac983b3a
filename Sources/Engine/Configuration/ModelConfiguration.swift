package import ConfigurationFiles
package import Quantities
import Workloads

/// One model of a unit.
package struct ModelConfiguration: Sendable, Hashable {
    /// The name by which clients ask for it.
    package var name: String
    /// The model file; relative to the folder of models.
    package var path: String
    /// The most tokens of prompt and output; the file's own limit where absent.
    package var context: Int?
    /// Chosen: half of f32, and what other engines take; q8_0 rounds more.
    package var kvType = KVType.f16
    /// The arrival rate that is expected, by which the pool is divided; only proportions count.
    package var rate = 1.0
    /// Tenths of the device that a prefill and a decode take: MuxServe's `mps_percentage`. Chosen: together the whole,
    /// and less for decode, which moves memory more than it computes.
    package var shares = [6, 4]
    /// The most sequences at work. Chosen: scratch memory and the longest decode step grow with it.
    package var maxSequences = 64
    /// The most prompt tokens of one prefill job; longer prompts are done in chunks.
    package var chunk = Self.defaultChunk
    /// Chosen: longer ones hold up the model's decodes, shorter ones read the weights more often.
    static let defaultChunk = 256
    /// Seconds from arrival to first token that are aimed at; `adbs` orders prefills by it.
    package var ttft: Double?
    /// Seconds per output token that are aimed at; `adbs` bounds the chunks of prefills by it.
    package var tpot: Double?
    /// Seconds to the first token beyond which a request is refused at once, where it would have to wait so long; where
    /// absent, only `maxRequests` bounds the queue.
    package var maxWait: Double?
    /// Whether it stays loaded when another model needs its memory.
    package var pinned = false

    package init(name: String, path: String) {
        self.name = name
        self.path = path
    }

    private static let fields: Set<String> = [
        "name", "path", "context", "kv_type", "rate", "shares", "max_sequences", "chunk", "ttft", "tpot", "max_wait",
        "pinned",
    ]
    /// Longer contexts than any model has, and still small enough to count pages of.
    private static let contexts = 1...(1 << 24)
    /// Seconds that may be aimed at: a microsecond to eleven days.
    private static let times = 1e-6...1e6

    /// - Throws: `FileError`.
    package init(_ field: Field) throws(FileError) {
        try field.allowOnly(Self.fields)
        name = try field.field("name").name()
        path = try field.field("path").text()
        context = try field.optional("context")?.integer(Self.contexts)
        kvType = try field.optional("kv_type")?.choice() ?? kvType
        rate = try field.optional("rate")?.number(WorkloadModel.rates) ?? rate
        if let pair = try field.optional("shares") {
            shares = []
            for share in try pair.elements() { shares.append(try share.integer(1...10)) }
            if shares.count != 2 { throw pair.error("must be two numbers of tenths, [prefill, decode]") }
        }
        maxSequences = try field.optional("max_sequences")?.integer(1...1024) ?? maxSequences
        chunk = try field.optional("chunk")?.integer(1...8192) ?? chunk
        ttft = try field.optional("ttft")?.number(Self.times)
        tpot = try field.optional("tpot")?.number(Self.times)
        maxWait = try field.optional("max_wait")?.number(Self.times)
        pinned = try field.optional("pinned")?.flag() ?? pinned
    }

    /// `shares` as the scheduler takes them.
    var phaseShares: PhaseShares { PhaseShares(prefill: Share(shares[0]), decode: Share(shares[1])) }
}
