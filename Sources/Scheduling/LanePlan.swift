/// Into which parts a device is divided for the shares that its models ask for, and which part takes which job.
///
/// The whole device is always a lane beside the parts: jobs of the whole share run on it.
package struct LanePlan: Sendable, Hashable {
    /// A part of the device, in its smallest parts.
    package struct Part: Sendable, Hashable {
        /// What the part has.
        package var units: Int
        /// What was asked for when it was cut; less may have been left.
        package var size: Int
    }

    /// The smallest parts of the device: its compute units, or tenths where it cannot really be divided.
    package let grain: Int
    /// Together at most `grain`.
    package let parts: [Part]

    /// - Parameter shares: of the jobs that are to be expected.
    package init(grain: Int, shares: [Share]) {
        self.grain = grain
        let sizes = Set(shares.map { Self.size(of: $0, grain: grain) }).filter { $0 < grain }.sorted(by: >)
        var parts: [Part] = []
        var left = grain
        for size in sizes where left > 0 {
            // Overlapping shares, of 6 and 6 tenths: the second gets what is left, unless that is next to nothing.
            guard min(size, left) * 2 >= size else { continue }
            parts.append(Part(units: min(size, left), size: size))
            left -= min(size, left)
        }
        if let smallest = sizes.last {
            while left >= smallest {
                parts.append(Part(units: smallest, size: smallest))
                left -= smallest
            }
        }
        self.parts = parts.count > 1 ? parts : []
    }

    /// The parts that suit a job with `share`, nearest in size; `nil` for the whole device.
    package func parts(for share: Share) -> [Int]? {
        let size = Self.size(of: share, grain: grain)
        guard size < grain, !parts.isEmpty else { return nil }
        let distance = parts.map { abs($0.size - size) }.min() ?? 0
        return parts.indices.filter { abs(parts[$0].size - size) == distance }
    }

    /// The sizes that parts can have, and the shares that are given each of them.
    package static func sizes(grain: Int) -> [(units: Int, shares: [Share])] {
        let shares = (1...Share.whole.tenths).map { Share($0) }
        return Dictionary(grouping: shares) { size(of: $0, grain: grain) }
            .map { (units: $0, shares: $1) }.sorted { $0.units < $1.units }
    }

    private static func size(of share: Share, grain: Int) -> Int { max(1, (share.tenths * grain + 5) / 10) }
}
