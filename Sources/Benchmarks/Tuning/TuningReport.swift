package import Compute
import Foundation
package import Kernels
package import Reporting

/// What measuring the shapes of a product came to.
package struct TunedMatrix: Sendable, Codable {
    package var product: MatrixProduct
    /// How often a pass has it.
    package var count: Int
    package var isOutput: Bool
    /// The default where nothing was better.
    package var choice = ShapeChoice()
    /// Of the choice, or of the default beside itself or beside what had seemed better.
    package var figures: [Figure] = []
    /// Choices that there are, and those that were measured.
    package var candidates: Int
    package var tried = 1
    /// Choices that could not be compiled, or were not right.
    package var faults: [String] = []

    /// Of a number of rows.
    package struct Figure: Sendable, Codable {
        package var rows: Int
        /// Of one dispatch in the default shape.
        package var defaultSeconds: Double
        /// What the choice takes of that, and how far from 1 that counts.
        package var ratio: Double
        package var margin: Double
        package var pairs: Int
    }

    init(_ matrix: ModelMatrix, candidates: Int) {
        (product, count, isOutput) = (matrix.product, matrix.count, matrix.isOutput)
        self.candidates = candidates
    }

    /// Seconds that a pass of `rows` rows spends on it, by default and as chosen.
    package func seconds(rows: Int) -> (byDefault: Double, chosen: Double) {
        guard let figure = figures.first(where: { $0.rows == rows }) else { return (0, 0) }
        let seconds = Double(count) * figure.defaultSeconds
        return (seconds, choice == ShapeChoice() ? seconds : seconds * figure.ratio)
    }

    /// The geometric mean of ratios: the lower, the better.
    static func score(_ figures: [Figure]) -> Double {
        exp(figures.reduce(0) { $0 + log($1.ratio) } / Double(max(1, figures.count)))
    }

    /// Whether some rows are faster and none slower, beyond the noise.
    static func isGain(_ figures: [Figure]) -> Bool {
        figures.contains { $0.ratio < 1 - $0.margin } && figures.allSatisfy { $0.ratio <= 1 + $0.margin }
    }
}

extension TunedMatrix.Figure {
    /// - Parameter isSame: whether both are one shape, and what their times differ in is noise.
    init(rows: Int, _ times: PairedTimes, isSame: Bool) {
        self.init(
            rows: rows, defaultSeconds: times.baseSeconds, ratio: isSame ? 1 : times.ratio, margin: times.margin,
            pairs: times.pairs.count)
    }
}

/// What tuning came to on a device.
package struct TuningReport: Sendable, Codable {
    package var device: DeviceDescription
    /// Of weft.
    package var version: String
    package var date: String
    package var matrices: [TunedMatrix] = []

    package init(device: DeviceDescription, version: String, date: String) {
        (self.device, self.version, self.date) = (device, version, date)
    }

    /// A row for each product and number of rows.
    package var table: TextTable {
        var table = TextTable(["product", "times", "rows", "default us", "shape", "gain", "noise"])
        for matrix in matrices {
            for figure in matrix.figures {
                let isDefault = matrix.choice == ShapeChoice()
                table.add([
                    matrix.product.description, "\(matrix.count)", "\(figure.rows)",
                    FigureNumber.text(figure.defaultSeconds * 1e6, digits: 1), matrix.choice.description,
                    isDefault ? "-" : FigureNumber.text(1 / figure.ratio, digits: 2) + "x",
                    FigureNumber.text(100 * figure.margin, digits: 1) + " %",
                ])
            }
        }
        return table
    }

    /// Device, what was tried, what failed, and what a token's products take together.
    package var notes: [String] {
        var lines = ["\(device.name), driver \(device.driver), weft \(version), \(date)"]
        for matrix in matrices {
            lines.append("\(matrix.product): \(matrix.tried) of \(matrix.candidates) choices measured")
            lines += matrix.faults.map { "\(matrix.product), not kept: \($0)" }
        }
        for (rows, what) in [(1, "a token of one sequence"), (8, "a step of eight sequences")] {
            let times = matrices.map { $0.seconds(rows: rows) }
            let (normal, chosen) = (times.reduce(0) { $0 + $1.byDefault }, times.reduce(0) { $0 + $1.chosen })
            guard normal > 0 else { continue }
            lines.append(
                "products of \(what): \(FigureNumber.text(normal * 1e3, digits: 2)) ms by default, "
                    + "\(FigureNumber.text(chosen * 1e3, digits: 2)) ms predicted as chosen, "
                    + "\(FigureNumber.text(normal / chosen, digits: 2))x")
        }
        return lines
    }
}
