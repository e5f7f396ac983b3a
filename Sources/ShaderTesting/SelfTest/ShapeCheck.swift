package import Compute
package import Kernels
import Quantities

/// Whether a product is right in shapes that a device does not have by default: before they are kept.
package struct ShapeCheck {
    private let bench: Workbench

    package init(_ kernels: KernelSet) throws(ComputeError) { bench = try Workbench(kernels) }

    /// One and a half panels: full tiles and ragged ones.
    private static let columns = 68
    /// One row, a few, and tiles of every height, full and ragged.
    private static let rows = [1, 3, 9, 33, 65]

    /// What is wrong with the product in shapes of `choice`, in one line; `nil` where nothing is.
    ///
    /// Results are held to the reference, and those of each row to its own in other batches, bit by bit. The depth is
    /// the product's own, of which splits are made; the columns are few.
    package func fault(of choice: ShapeChoice, for product: MatrixProduct) -> String? {
        let cases = Self.rows.map { rows in
            var test = MatMulCase(
                format: product.format, takesBytes: product.terms > 0, terms: max(1, product.terms),
                epilogue: product.isPaired ? .swiglu : .none, rows: rows, depth: product.depth, columns: Self.columns)
            test.choice = choice
            return test
        }
        var batches = BatchCase(
            format: product.format, takesBytes: product.terms > 0, terms: max(1, product.terms), rows: 97,
            leastDepth: product.depth, columns: Self.columns, batches: [1, 2, 4, 8, 9, 17, 32, 40, 64])
        batches.choice = choice
        return cases.lazy.compactMap { fault(in: $0) }.first ?? fault(in: batches)
    }

    private func fault(in test: some ShaderCase) -> String? {
        do throws(Fault) {
            _ = try test.run(on: bench, times: 2)
            return nil
        } catch { return "\(test.kernel) \(test): \(error)" }
    }
}
