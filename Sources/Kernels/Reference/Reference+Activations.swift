extension Reference {
    /// `silu(gate) * up`, element by element.
    package static func swiglu(gate: [Float], up: [Float]) -> [Float] { gated(.silu, gate: gate, up: up) }

    /// `activation(gate) * up`, element by element.
    package static func gated(_ activation: Activation, gate: [Float], up: [Float]) -> [Float] {
        zip(gate, up).map { Float(estimateGated(activation, gate: Estimate($0), up: Estimate($1)).value) }
    }

    package static func estimateGated(_ activation: Activation, gate: Estimate, up: Estimate) -> Estimate {
        let other =
            activation == .clampedSilu
            ? Estimate(min(max(up.value, -7), 7), error: up.error) + Estimate(1.0) : up
        return estimateActivated(activation, gate) * other
    }

    package static func activated(_ activation: Activation, _ x: [Float]) -> [Float] {
        x.map { Float(estimateActivated(activation, Estimate($0)).value) }
    }

    /// `x / 2 * (1 + tanh(u))` is `x / (1 + exp(-2 u))`, which loses nothing where the tangent is near -1.
    package static func estimateActivated(_ activation: Activation, _ x: Estimate) -> Estimate {
        switch activation {
        case .silu: return overExponential(x, Estimate(-x.value, error: x.error))
        case .gelu:
            let twice = 2 * (2 / Double.pi).squareRoot()
            return overExponential(x, x * (constant(-twice) + constant(-twice * 0.044715) * x * x))
        case .squaredRelu:
            let positive = Estimate(max(x.value, 0), error: x.error)
            return positive * positive
        case .clampedSilu:
            let gate = Estimate(min(x.value, 7), error: x.error)
            return overExponential(gate, constant(-1.702) * gate)
        }
    }

    /// `x / (1 + exp(argument))`. What single precision has no exponential of may be infinite.
    private static func overExponential(_ x: Estimate, _ argument: Estimate) -> Estimate {
        guard argument.value < 88 else {
            return Estimate(0.0, error: abs(x.value) * Double(Float.leastNormalMagnitude))
        }
        return x / (Estimate(1.0) + argument.exponential)
    }

    /// A constant that a kernel has in single precision.
    private static func constant(_ value: Double) -> Estimate {
        Estimate(value, error: abs(value) * Estimate.rounding)
    }
}
