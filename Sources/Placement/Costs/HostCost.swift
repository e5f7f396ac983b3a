import Foundation
package import Quantities

/// The host's work for a job, beside the device's: scheduling, launching, taking results.
package struct HostCost: Hashable, Sendable, Codable {
    package var perPrefill: Seconds
    package var perDecode: Seconds
    /// For a job of one sequence.
    package var perSequence: Seconds
    /// The power of the number of sequences with which that grows: below 1, since part of the work is done on the
    /// batch.
    package var growth: Double

    package init(perPrefill: Seconds, perDecode: Seconds, perSequence: Seconds, growth: Double = 1) {
        self.perPrefill = perPrefill
        self.perDecode = perDecode
        self.perSequence = perSequence
        self.growth = growth
    }

    package static let none = HostCost(perPrefill: 0, perDecode: 0, perSequence: 0)

    /// Fitted to measured runs of MuxServe, whose host side is in Python.
    package static let measured = HostCost(perPrefill: 8e-6, perDecode: 2.82e-3, perSequence: 1.73e-4, growth: 0.8)

    /// For a prefill of so many sequences.
    package func prefill(_ sequences: Double) -> Seconds { perPrefill + perSequence * pow(sequences, growth) }

    /// For a decode step of so many sequences.
    package func decode(_ sequences: Double) -> Seconds { perDecode + perSequence * pow(sequences, growth) }
}
