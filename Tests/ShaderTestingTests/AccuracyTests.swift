import Kernels
import ShaderTesting
import Testing

struct AccuracyTests {
    private func accuracy(
        _ numbers: [Float], _ estimates: [Estimate], roundings: Int = 1, isIEEE: Bool = true
    ) throws(Fault) -> Accuracy {
        try Accuracy(
            of: numbers.map(\.bitPattern), in: "y",
            expected: estimates.enumerated().map { ExpectedResult(word: $0, estimate: $1) }, roundings: roundings,
            isIEEE: isIEEE)
    }

    @Test func figuresAreThoseOfTheDefinitions() throws {
        let figures = try accuracy([1.5, 2, -4], [Estimate(1.0, error: 1), Estimate(2.0), Estimate(-4.0)])
        #expect(figures.maxAbsolute == 0.5)
        #expect(figures.nmse == 0.25 / 21)
        #expect(figures.ofBound == 0.5)
        #expect(figures.ulps == 0, "what is small beside the others has no meaningful last place")
        let last = try accuracy([4 + 4 * 0x1p-22], [Estimate(4.0, error: 1)])
        #expect(last.ulps == 2)
    }

    @Test func whatIsTooFarOffFails() {
        #expect(throws: Fault.self) { try accuracy([1.01], [Estimate(1.0, error: 0.009)]) }
        #expect(throws: Fault.self) { try accuracy([.nan], [Estimate(1.0, error: 1)]) }
        #expect(throws: Fault.self) { try accuracy([.infinity], [Estimate(1.0, error: 1)]) }
    }

    /// Each result is within its bound, but all together are worse than independent roundings make them.
    @Test func lostPrecisionFails() throws {
        let numbers = [Float](repeating: 1.0625, count: 64)
        let estimates = [Estimate](repeating: Estimate(1.0, error: 0.125), count: 64)
        _ = try accuracy(numbers, estimates, roundings: 36)
        #expect(throws: Fault.self) { try accuracy(numbers, estimates, roundings: 36 * 5) }
    }

    @Test func whatIsNoNumberIsExpectedOfIEEEOnly() throws {
        #expect(throws: Fault.self) { try accuracy([1], [Estimate(.nan)]) }
        _ = try accuracy([1], [Estimate(.nan)], isIEEE: false)
        _ = try accuracy([.nan], [Estimate(.infinity)])
    }

    /// The bounds of estimates hold for arithmetic in single precision.
    @Test func estimatesCoverFloats() {
        var numbers = Numbers(seed: 5)
        for _ in 0..<2000 {
            let (a, b, c) = (Self.draw(&numbers), Self.draw(&numbers), Self.draw(&numbers))
            let (x, y, z) = (Estimate(a), Estimate(b), Estimate(c))
            expect(a + b * c, x + y * z)
            expect((a + b) / c, (x + y) / z)
            expect(1 / (a * a + b * b).squareRoot(), (x * x + y * y).inverseSquareRoot)
        }
    }

    private static func draw(_ numbers: inout Numbers) -> Float {
        Float(numbers.below(2_000_001) - 1_000_000) / 999_983 + 0x1p-30
    }

    private func expect(_ number: Float, _ estimate: Estimate) {
        #expect(abs(Double(number) - estimate.value) <= estimate.error, "\(number) for \(estimate)")
    }
}
