import Foundation
import Kernels
import Testing

/// The reference's functions are those of the sources that they name.
struct ReferenceTests {
    private static let points = stride(from: Float(-9), through: 9, by: 0.25)

    @Test func activationsAreThoseOfTheirDefinitions() {
        for x in Self.points {
            let y = Double(x)
            func expect(_ activation: Activation, _ value: Double) {
                let result = Reference.activated(activation, [x])[0]
                #expect(abs(Double(result) - value) <= 1e-6 * max(1, abs(value)), "\(activation) of \(x)")
            }
            expect(.silu, y / (1 + exp(-y)))
            expect(.gelu, y / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (y + 0.044715 * y * y * y))))
            expect(.squaredRelu, y > 0 ? y * y : 0)
            expect(.clampedSilu, min(y, 7) / (1 + exp(-1.702 * min(y, 7))))
        }
    }

    @Test(arguments: [(Float(-8), Float(-6)), (3, 4), (8, 8)])
    func gatesMultiply(_ up: Float, _ clamped: Float) {
        let plain = Reference.gated(.gelu, gate: [1.5], up: [up])[0]
        #expect(abs(plain - Reference.activated(.gelu, [1.5])[0] * up) < 1e-5)
        let result = Reference.gated(.clampedSilu, gate: [1.5], up: [up])[0]
        #expect(abs(result - Reference.activated(.clampedSilu, [1.5])[0] * clamped) < 1e-5)
    }
}
