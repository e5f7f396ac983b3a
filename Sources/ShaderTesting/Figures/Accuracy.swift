import Kernels

/// How far results are from the reference, and how much of what is allowed that is.
package struct Accuracy: Sendable, Codable, Hashable {
    /// The largest error of one result.
    package private(set) var maxAbsolute = 0.0
    /// The squared errors over the squared values.
    package private(set) var nmse = 0.0
    /// The largest error in units in the last place, of results no smaller than their root mean square: what cancels
    /// out to something smaller has no meaningful last place.
    package private(set) var ulps = 0.0
    /// The largest share of its bound that any error or NMSE takes up: above 1 is a failure.
    package private(set) var ofBound = 0.0

    package init() {}

    /// Takes the worse of both figures.
    package mutating func merge(_ other: Accuracy) {
        maxAbsolute = max(maxAbsolute, other.maxAbsolute)
        nmse = max(nmse, other.nmse)
        ulps = max(ulps, other.ulps)
        ofBound = max(ofBound, other.ofBound)
    }
}

extension Accuracy {
    /// Compares results with what is expected.
    ///
    /// The bound of one result is that of its estimate, for the worst case that every rounding goes the same way.
    /// Roundings are as good as independent, so that the error of n of them grows with their root, and exceeds 6 times
    /// that with a probability below 1e-7 (Higham & Mary 2019). The NMSE, a mean of many, is therefore held to 36 / n
    /// of what the bounds would allow: it shows lost precision that no single result does.
    ///
    /// - Parameters:
    ///   - roundings: how many roundings a result goes through.
    ///   - isIEEE: whether a result that should not be finite must not be; other drivers may give anything there.
    /// - Throws: `Fault.inaccurate`.
    package init(
        of words: [UInt32], in label: String, expected: [ExpectedResult], roundings: Int, isIEEE: Bool
    ) throws(Fault) {
        var squaredError = 0.0
        var squaredBound = 0.0
        let squaredValue = expected.reduce(0) {
            $0 + ($1.estimate.value.isFinite ? $1.estimate.value * $1.estimate.value : 0)
        }
        let typical = (squaredValue / Double(max(1, expected.count))).squareRoot()
        for result in expected {
            let number = result.number(in: words)
            let value = result.estimate.value
            guard value.isFinite else {
                if isIEEE, number.isFinite { throw .inaccurate(Inaccuracy(result, number, label)) }
                continue
            }
            let error = abs(number - value)
            // Written so that what is no number fails.
            guard error <= result.allowed else { throw .inaccurate(Inaccuracy(result, number, label)) }
            maxAbsolute = max(maxAbsolute, error)
            ofBound = max(ofBound, error / result.allowed)
            if abs(value) >= typical { ulps = max(ulps, error / result.unit) }
            squaredError += error * error
            squaredBound += result.allowed * result.allowed
        }
        guard squaredValue > 0, squaredError > 0 else { return }
        nmse = squaredError / squaredValue
        let limit = min(1, 36 / Double(roundings)) * squaredBound / squaredValue
        ofBound = max(ofBound, nmse / limit)
        guard nmse <= limit else { throw .imprecise(buffer: label, nmse: nmse, limit: limit) }
    }
}

/// One result that is too far from what it should be.
package struct Inaccuracy: Sendable, Hashable, CustomStringConvertible {
    package var buffer: String
    /// The word, and which half or byte of it.
    package var place: String
    package var number: Double
    package var expected: Double
    package var allowed: Double

    init(_ result: ExpectedResult, _ number: Double, _ buffer: String) {
        self.buffer = buffer
        place =
            switch result.part {
            case .float: "\(result.word)"
            case .lowHalf, .highHalf: "\(result.word).\(result.part)"
            case .byte(let index, _, _), .wholeByte(let index): "\(result.word).byte\(index)"
            }
        self.number = number
        expected = result.estimate.value
        allowed = result.allowed
    }

    package var description: String {
        "\(buffer)[\(place)] is \(Float(number)) instead of \(Float(expected)), where \(Float(allowed)) off is allowed"
    }
}
