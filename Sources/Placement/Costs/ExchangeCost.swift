import ConfigurationFiles
package import Quantities

/// What the devices of a mesh spend on meetings in which they show each other what they have computed.
///
/// ```swift
/// let cost = ExchangeCost(meetings: 60, meeting: 20e-6)
/// cost.time(rows: 1)   // 0.0012: so much longer takes every step
/// ```
package struct ExchangeCost: Hashable, Sendable, Codable {
    /// Of a pass: two a layer.
    package var meetings: Int
    /// What one takes, however little is shown.
    package var meeting: Seconds
    /// What each row adds to one; nothing where devices see one memory.
    package var row: Seconds

    package init(meetings: Int, meeting: Seconds, row: Seconds = 0) {
        (self.meetings, self.meeting, self.row) = (meetings, meeting, row)
    }

    /// Of a pass with so many rows.
    package func time(rows: Double) -> Seconds { Double(meetings) * (meeting + row * rows) }

    init(_ field: Field) throws(FileError) {
        try field.allowOnly(["meetings", "meeting", "row"])
        meetings = try field.field("meetings").integer(1...1_000_000)
        meeting = try field.field("meeting").number(0...3600)
        row = try field.optional("row")?.number(0...3600) ?? 0
    }
}
