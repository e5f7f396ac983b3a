/// The share that a model's jobs of each phase take: MuxServe's `mps_percentage`.
public struct PhaseShares: Hashable, Sendable, Codable {
    public var prefill: Share
    public var decode: Share

    public init(prefill: Share, decode: Share) {
        self.prefill = prefill
        self.decode = decode
    }

    public subscript(phase: Phase) -> Share {
        phase == .prefill ? prefill : decode
    }
}
