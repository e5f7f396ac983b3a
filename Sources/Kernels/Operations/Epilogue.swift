/// A function between the two products of a feed-forward network.
package enum Activation: String, Sendable, Hashable, CaseIterable {
    /// `x * sigmoid(x)`
    case silu = "SILU"
    /// `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))`. Source: Hendrycks & Gimpel 2016, section 2.
    case gelu = "GELU"
    /// `max(x, 0)^2`. Source: So et al. 2021 (Primer).
    case squaredRelu = "SQUARED_RELU"
    /// For a gate and what goes up: `g * sigmoid(1.702 * g) * (u + 1)` with `g = min(gate, 7)`, and `u` kept between -7
    /// and 7. Source: the reference of gpt-oss (2025).
    case clampedSilu = "CLAMPED_SILU"
}

extension MatMul {
    /// What is done to each result of a product on its way out, which is `r = scale * (x w + bias)`.
    package struct Epilogue: Sendable, Hashable {
        package enum Form: String, Sendable, CaseIterable {
            /// `y = r`
            case none = "NONE"
            /// `y += r`
            case residual = "RESIDUAL"
            /// Columns of gate and up take turns: `y = activation(gate) * up`. Source: Shazeer 2020.
            case paired = "PAIRED"
            /// `y = activation(y) * r`: what `paired` is where gate and up are no one matrix.
            case gated = "GATED"
            /// `y = activation(r)`
            case activated = "ACTIVATED"
            /// `y = y * sigmoid(r)`: what attention gave, gated by a product. (Qwen 3.5)
            case gating = "GATING"
        }

        package var form: Form
        /// Of the forms that have one.
        package var activation: Activation
        /// 1 for `paired`, `gated` and `gating`.
        package var scale: Float
        /// `c` where `r` becomes `c * tanh(r / c)`; positive, and with `none` alone. Source: Gemma 2 (2024), section 2.
        package var cap: Float?

        package init(_ form: Form, _ activation: Activation = .silu, scale: Float = 1, cap: Float? = nil) {
            precondition(scale == 1 || ![.paired, .gated, .gating].contains(form), "gated products are not scaled")
            precondition(cap.map { $0 > 0 && form == .none } ?? true, "a cap is positive, and of plain products")
            precondition(activation != .clampedSilu || form != .activated, "\(activation) takes a gate")
            self.form = form
            self.activation = activation
            self.scale = scale
            self.cap = cap
        }

        package static let none = Self(.none)
        package static let residual = Self(.residual)
        package static let swiglu = Self(.paired)
        package static let gated = Self(.gated)
        package static let gating = Self(.gating)

        /// Whether a result needs two products of neighbouring columns.
        package var isPaired: Bool { form == .paired }

        /// The kernels' options.
        var options: [String: String] {
            let isActivated = ![.none, .residual, .gating].contains(form)
            return [
                "EPILOGUE": form.rawValue, "CAP": cap == nil ? "0" : "1",
                "ACTIVATION": (isActivated ? activation : .silu).rawValue,
            ]
        }
    }
}
