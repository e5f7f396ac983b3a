package import Compute

/// A product as its shapes know it: a matrix, and how rows are multiplied with it. The same for any number of rows.
package struct MatrixProduct: Sendable, Hashable, Codable, CustomStringConvertible {
    package var format: WeightFormat
    package var depth: Int
    /// Numbers of a row of `y`.
    package var columns: Int
    /// Whether a result needs two products, of gate and up.
    package var isPaired: Bool
    /// Rows of bytes that make one; 0 where they are floats.
    package var terms: Int

    package init(_ format: WeightFormat, depth: Int, columns: Int, isPaired: Bool = false, terms: Int = 0) {
        (self.format, self.depth, self.columns) = (format, depth, columns)
        (self.isPaired, self.terms) = (isPaired, terms)
    }

    private enum CodingKeys: String, CodingKey {
        case format, depth, columns, terms
        case isPaired = "paired"
    }

    /// As people name it: `2x1536x576 Q4 bytes`.
    package var description: String {
        (isPaired ? "2x" : "") + "\(columns)x\(depth) \(format.rawValue)" + (terms > 0 ? " bytes" : "")
            + (terms > 1 ? " x\(terms)" : "")
    }

    /// The launch shapes that a choice gives it.
    package func shapes(_ choice: ShapeChoice, limits: DeviceLimits, facts: DeviceFacts) -> [LaunchShape] {
        LaunchShape.products(
            format, depth: depth, columns: columns / 4, epilogue: isPaired ? .swiglu : .none, terms: terms,
            choice: choice, limits: limits, facts: facts)
    }
}

/// A product of a model, and how often a pass has it.
package struct ModelMatrix: Sendable, Hashable {
    package var product: MatrixProduct
    package var count: Int
    /// Whether it gives logits: then of a prompt it has a single row.
    package var isOutput: Bool

    package init(product: MatrixProduct, count: Int, isOutput: Bool) {
        (self.product, self.count, self.isOutput) = (product, count, isOutput)
    }
}
