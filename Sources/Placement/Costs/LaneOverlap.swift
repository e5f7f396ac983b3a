import ConfigurationFiles

/// How many times as long passes of a model take where a lane of the whole device and one of a part of it are busy at
/// once, measured: both have fewer cores than each alone, but use what the other leaves idle.
package struct LaneOverlap: Hashable, Sendable, Encodable {
    /// Prefills on the whole device beside decodes on a half.
    package var whole: Double
    /// Those decodes.
    package var part: Double
    /// What both took of the device then, as parts of it: more than 1.
    package var busyPart: Double

    /// Lanes that divide the device's time and leave nothing.
    package static let sliced = LaneOverlap(whole: 1.5, part: 1.5, busyPart: 1.5)

    package init(whole: Double, part: Double, busyPart: Double) {
        precondition(busyPart > 1, "lanes overlap")
        self.whole = whole
        self.part = part
        self.busyPart = busyPart
    }

    enum CodingKeys: String, CodingKey {
        case whole
        case part
        case busyPart = "busy_part"
    }

    init(_ field: Field) throws(FileError) {
        try field.allowOnly(["whole", "part", "busy_part"])
        whole = try field.field("whole").number()
        part = try field.field("part").number()
        let busy = try field.field("busy_part")
        busyPart = try busy.number()
        if busyPart <= 1 { throw busy.error("must be more than 1, as lanes that overlap take; is \(busyPart)") }
    }

    /// The factor on a pass's time, at least 1, in proportion to what overlaps.
    ///
    /// - Parameter busyPart: what the busy lanes take of the device together.
    package func slowdown(ofWhole isWhole: Bool, busyPart: Double) -> Double {
        let measured = max(1, isWhole ? whole : part)
        return 1 + (measured - 1) * max(0, busyPart - 1) / (self.busyPart - 1)
    }
}
