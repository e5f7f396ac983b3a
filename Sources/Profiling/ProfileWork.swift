import Compute
package import Placement
import Quantities
import Scheduling

/// What is left to measure of a model: cells, by size of part.
package struct ProfileWork: Sendable, Hashable {
    /// A part of the device, and the shares whose jobs run on such a part.
    package struct Part: Sendable, Hashable {
        package var units: Int
        package var sharePercents: [Int]
    }

    package let part: Part
    package let cells: [ProfileGrid.Cell]

    /// The parts that differ. Where lanes cannot really divide a device, every job has the whole of it.
    ///
    /// - Parameter units: of `ProfiledDevice`.
    package static func parts(units: Int, areReal: Bool) -> [Part] {
        let sizes = LanePlan.sizes(grain: areReal ? units : 1)
        return sizes.map { size in
            Part(units: areReal ? size.units : units, sharePercents: size.shares.map { $0.tenths * 10 })
        }
    }

    /// What `table` lacks of a model, by part; empty where it has all.
    package static func left(
        _ model: String, devices: Int = 1, in table: CostTable, parts: [Part], cells: [ProfileGrid.Cell]
    ) -> [ProfileWork] {
        parts.compactMap { part in
            let missing = cells.filter { cell in
                !part.sharePercents.allSatisfy {
                    table.holds(model, devices: devices, sharePercent: $0, batch: cell.batch, length: cell.length)
                }
            }
            return missing.isEmpty ? nil : ProfileWork(part: part, cells: missing)
        }
    }

    /// The measurements of a cell, under all shares of its part.
    static func measurements(
        _ model: String, _ devices: Int, _ part: Part, _ cell: ProfileGrid.Cell, _ times: ProfileBench.Times
    ) -> [CostMeasurement] {
        part.sharePercents.map { share in
            CostMeasurement(
                model: model, devices: devices, sharePercent: share, batch: cell.batch, length: cell.length,
                prefill: times.prefill, decode: times.decode)
        }
    }
}
