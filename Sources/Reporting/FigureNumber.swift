import Foundation

/// Numbers as tables and figures show them.
package enum FigureNumber {
    /// `value` with `digits` decimals, whatever the locale.
    package static func text(_ value: Double, digits: Int = 2) -> String {
        guard value.isFinite else { return "-" }
        return String(format: "%.\(digits)f", value)
    }
}
