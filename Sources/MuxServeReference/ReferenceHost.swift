package import Quantities

/// What MuxServe's Python and its allocator add to the device time of a job, while the job still holds its share.
package struct ReferenceHost: Hashable, Sendable, Codable {
    package var perPrefill: Seconds
    package var perDecode: Seconds
    package var perSequence: Seconds
    /// For each page (a head of a layer, 32 tokens) that the job takes on a device: identifiers are sent one by one.
    package var perPage: Seconds

    package init(perPrefill: Seconds, perDecode: Seconds, perSequence: Seconds, perPage: Seconds) {
        self.perPrefill = perPrefill
        self.perDecode = perDecode
        self.perSequence = perSequence
        self.perPage = perPage
    }

    func time(isPrefill: Bool, sequences: Int, pagesPerDevice: Double) -> Seconds {
        (isPrefill ? perPrefill : perDecode) + perSequence * Double(sequences) + perPage * pagesPerDevice
    }
}
