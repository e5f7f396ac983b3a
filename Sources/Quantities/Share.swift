/// A part of a device's compute, in tenths: `Share(3)` is 30 %.
///
/// MuxServe's plans speak of percent, cost models of a fraction; both are this value.
package struct Share: Hashable, Comparable, Sendable, Codable {
    /// 0...10
    package let tenths: Int

    package init(_ tenths: Int) {
        precondition((0...10).contains(tenths), "a share is 0 to 10 tenths")
        self.tenths = tenths
    }

    /// The nearest share that a job can have: at least a tenth, at most the whole.
    package init(percent: Int) {
        self.init(min(10, max(1, (min(percent, 100) + 5) / 10)))
    }

    package static let whole = Share(10)

    /// The share by which a unit's jobs may exceed the device together, where the policy permits it: MuxServe's plans
    /// were made and measured with two tenths.
    package static let overload = Share(2)

    package var percent: Int { tenths * 10 }

    /// 0...1
    package var fraction: Double { Double(tenths) / 10 }

    package static func < (a: Self, b: Self) -> Bool { a.tenths < b.tenths }
}

/// The share that a model's jobs of each phase take: MuxServe's `mps_percentage`.
package struct PhaseShares: Hashable, Sendable, Codable {
    package var prefill: Share
    package var decode: Share

    package init(prefill: Share, decode: Share) {
        self.prefill = prefill
        self.decode = decode
    }

    package subscript(phase: Phase) -> Share {
        phase == .prefill ? prefill : decode
    }
}
