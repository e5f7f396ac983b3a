package import Quantities

/// A lane of a unit: the whole device, or a part of it.
package struct LaneID: Hashable, Sendable, Comparable {
    /// The position among the unit's lanes.
    package let index: Int

    package static let whole = LaneID(index: 0)

    /// The lane of a part of `LanePlan.parts`.
    package static func part(_ part: Int) -> LaneID { LaneID(index: part + 1) }

    /// The position of the lane's part in `LanePlan.parts`; `nil` for the whole device.
    package var part: Int? { index == 0 ? nil : index - 1 }

    package static func < (a: Self, b: Self) -> Bool { a.index < b.index }
}

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

    package var lanes: [LaneID] { [.whole] + parts.indices.map(LaneID.part) }

    /// What a lane is of the device, 0...1.
    package func fraction(of lane: LaneID) -> Double {
        lane.part.map { Double(parts[$0].units) / Double(grain) } ?? 1
    }

    /// The lanes for jobs with `share`: the parts nearest to it in size, or the whole device.
    package func lanes(for share: Share) -> [LaneID] {
        let size = Self.size(of: share, grain: grain)
        guard size < grain, !parts.isEmpty else { return [.whole] }
        let distance = parts.map { abs($0.size - size) }.min() ?? 0
        return parts.indices.filter { abs(parts[$0].size - size) == distance }.map(LaneID.part)
    }

    /// The sizes that parts can have, and the shares that are given each of them.
    package static func sizes(grain: Int) -> [(units: Int, shares: [Share])] {
        let shares = (1...Share.whole.tenths).map { Share($0) }
        return Dictionary(grouping: shares) { size(of: $0, grain: grain) }
            .map { (units: $0, shares: $1) }.sorted { $0.units < $1.units }
    }

    private static func size(of share: Share, grain: Int) -> Int { max(1, (share.tenths * grain + 5) / 10) }
}

/// Which launched jobs run together, on which lane, and when.
///
/// A job waits for a lane that suits its share. When one is idle, the oldest such job takes it, and what waits there
/// for the same model goes with it in one pass, so that prompts and decode steps read the weights once.
package struct LaneSchedule: Sendable {
    /// `nil` for as many lanes as there are jobs.
    private let plan: LanePlan?
    private var waiting: [Job] = []
    private var running: [LaneID: [Job]] = [:]
    private var nextLane = 0

    /// The lanes of a device that is divided so.
    package init(_ plan: LanePlan) { self.plan = plan }

    private init() { plan = nil }

    /// A lane for every job, at once: a device that gives each process its share, as MuxServe's do.
    package static let unlimited = LaneSchedule()

    mutating func add(_ job: Job) { waiting.append(job) }

    /// The jobs of the next pass, and the lane that is theirs until `finish`; `nil` while none can start.
    ///
    /// - Complexity: O(waiting jobs x lanes).
    mutating func next() -> (lane: LaneID, jobs: [Job])? {
        for first in waiting {
            guard let lane = idleLane(for: first) else { continue }
            let jobs = waiting.filter { $0.id == first.id || $0.model == first.model && suits(lane, $0) }
            waiting.removeAll { job in jobs.contains { $0.id == job.id } }
            running[lane] = jobs
            return (lane, jobs)
        }
        return nil
    }

    /// Returns the jobs of the pass that has left the lane.
    mutating func finish(_ lane: LaneID) -> [Job] {
        guard let jobs = running.removeValue(forKey: lane) else { preconditionFailure("lane \(lane.index) is idle") }
        return jobs
    }

    /// Forgets all jobs, those of passes on lanes too.
    mutating func clear() { (waiting, running) = ([], [:]) }

    private mutating func idleLane(for job: Job) -> LaneID? {
        if let plan { return plan.lanes(for: job.share).first { running[$0] == nil } }
        nextLane += 1
        return LaneID(index: nextLane)
    }

    private func suits(_ lane: LaneID, _ job: Job) -> Bool {
        plan?.lanes(for: job.share).contains(lane) ?? false
    }
}
