/// What a request asks of whoever serves its model, as far as a choice among replicas needs it.
package struct Demand: Sendable, Hashable {
    package var model: String
    package var work: ExpectedWork
    /// Of the beginning of its prompt; `nil` where no pages of another request could serve it.
    package var prefix: PrefixHash?
    /// The same request gives the same answer again, so that another worker may go on with a stream that broke off.
    package var isRepeatable: Bool

    package init(model: String, work: ExpectedWork, prefix: PrefixHash? = nil, isRepeatable: Bool = false) {
        (self.model, self.work, self.prefix, self.isRepeatable) = (model, work, prefix, isRepeatable)
    }
}

/// What a request is expected to cost, in tokens of a prompt.
package struct ExpectedWork: Sendable, Hashable {
    package var prompt: Double
    package var output: Double

    /// Chosen: on PoCL a token that is written takes three to four times as long as one that is read, alone; a batch
    /// makes it cheaper, and a GPU dearer.
    private static let tokenOfOutput = 4.0
    /// What an answer has where nobody knows: the mean of ShareGPT's, as workloads have it by default. A request's own
    /// limit is mostly far beyond what it takes.
    private static let usualOutput = 337

    package init(promptTokens: Int, mostOutputTokens: Int?, answers: Int = 1) {
        prompt = Double(promptTokens)
        output = Double(answers * min(mostOutputTokens ?? .max, Self.usualOutput)) * Self.tokenOfOutput
    }

    package var total: Double { prompt + output }

    /// Of a request of which nothing is known but that it is there.
    package static let usual = ExpectedWork(promptTokens: usualOutput, mostOutputTokens: nil)
}

/// A number for the beginning of a prompt, the same in every process, so that several routers choose alike.
package struct PrefixHash: Sendable, Hashable {
    /// Chosen: a page of keys and values holds 64 tokens of a small model, and less cannot be shared.
    package static let tokens = 64
    /// The same in characters, at four a token.
    package static let characters = 4 * tokens

    let value: UInt64

    /// Of the first `characters` of a text.
    package init(_ text: some StringProtocol) { value = fnv(text.prefix(Self.characters).utf8) }

    /// Of the first `tokens` of a prompt.
    package init(_ prompt: some Sequence<Int32>) {
        value = fnv(
            prompt.prefix(Self.tokens).flatMap { token in (0..<4).map { UInt8(truncatingIfNeeded: token >> ($0 * 8)) } }
        )
    }

    /// How much a replica is preferred for this prefix: of several, the one with the most has it.
    ///
    /// Source: Thaler, Ravishankar, "Using name-based mappings to increase hit rates", 1998 (rendezvous hashing). When
    /// a replica comes or goes, only its own prefixes move.
    func preference(for replica: String) -> UInt64 {
        var z = value ^ fnv(replica.utf8)
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// FNV-1a of 64 bits.
private func fnv(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
