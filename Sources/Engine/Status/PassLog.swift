package import Quantities
import Scheduling
import Synchronization

/// A pass as those are told of it who watch: what ran on which lane, and when.
package struct PassRecord: Sendable, Codable, Hashable {
    /// What the pass computes of its sequences.
    package enum Work: String, Sendable, Codable {
        case prefill, decode
        /// Prompts and decode steps of one model together.
        case both
    }

    package var unit: String
    package var lane: String
    package var model: String
    package var phase: Work
    /// Sequences in the pass.
    package var rows: Int
    /// Tokens that are computed, of all sequences.
    package var tokens: Int
    /// In the log's time.
    package var start: Seconds
    /// `nil` while it runs.
    package var seconds: Seconds?

    package init(
        unit: String, lane: String, model: String, phase: Work, rows: Int, tokens: Int, start: Seconds,
        seconds: Seconds? = nil
    ) {
        (self.unit, self.lane, self.model, self.phase) = (unit, lane, model, phase)
        (self.rows, self.tokens, self.start, self.seconds) = (rows, tokens, start, seconds)
    }
}

/// The passes at work, and as many of those that ended as there is room for.
///
/// Readers keep a place, and nothing is kept for them: who comes too late for a pass learns that there was one.
///
/// ```swift
/// let reading = log.read(from: place, most: 512)
/// place = reading.next
/// ```
package struct PassLog: Sendable {
    /// What a reader gets at a time.
    package struct Reading: Sendable {
        /// Passes that ended, in the order of their ends.
        package var ended: [PassRecord]
        /// Passes at work, by unit and lane.
        package var running: [PassRecord]
        /// Passes behind the reader's place that are gone.
        package var lost: Int
        /// Where to read on.
        package var next: Int
    }

    private struct LaneName: Hashable {
        var unit: String
        var lane: String
    }

    private let capacity: Int
    /// The pass that ended as the n-th, at n modulo `capacity`.
    private var ring: [PassRecord] = []
    private var endedCount = 0
    private var running: [LaneName: PassRecord] = [:]

    /// - Parameter capacity: passes that are kept when they have ended. By default: ten seconds of a pass every five
    ///   milliseconds; a quarter of a megabyte.
    package init(capacity: Int = 2048) {
        precondition(capacity > 0, "a log must hold a pass")
        self.capacity = capacity
    }

    /// A lane began with a pass. What it was at before, if its end was not told, is forgotten.
    package mutating func begin(_ pass: PassRecord) {
        running[LaneName(unit: pass.unit, lane: pass.lane)] = pass
    }

    /// A lane is done with its pass.
    package mutating func end(unit: String, lane: String, at now: Seconds) {
        guard var pass = running.removeValue(forKey: LaneName(unit: unit, lane: lane)) else { return }
        pass.seconds = now - pass.start
        if ring.count < capacity { ring.append(pass) } else { ring[endedCount % capacity] = pass }
        endedCount += 1
    }

    /// - Parameters:
    ///   - place: what the reader was told to read on from; `nil` for one that comes new, and misses nothing.
    ///   - most: passes to be given at a time.
    /// - Complexity: O(`most` + lanes).
    package func read(from place: Int?, most: Int) -> Reading {
        let first = min(max(place ?? 0, endedCount - ring.count), endedCount)
        let next = min(first + most, endedCount)
        return Reading(
            ended: (first..<next).map { ring[$0 % capacity] },
            running: running.values.sorted { ($0.unit, $0.lane) < ($1.unit, $1.lane) },
            lost: place.map { max(0, first - $0) } ?? 0, next: next)
    }
}

/// The log of all units of a process, and its clock: units write, and whoever watches reads.
package final class PassRecorder: Sendable {
    private let log = Mutex(PassLog())
    private let start = ContinuousClock.now

    package init() {}

    /// Seconds on the log's clock.
    package var now: Seconds { start.duration(to: .now) / .seconds(1) }

    func begin(_ pass: Pass, unit: String, lane: String, model: String) {
        let phases = Set(pass.jobs.map(\.phase))
        begin(
            unit: unit, lane: lane, model: model,
            phase: phases.count > 1 ? .both : phases == [.prefill] ? .prefill : .decode,
            rows: pass.jobs.reduce(0) { $0 + $1.rows.count }, tokens: pass.jobs.reduce(0) { $0 + $1.tokenCount })
    }

    package func begin(unit: String, lane: String, model: String, phase: PassRecord.Work, rows: Int, tokens: Int) {
        let pass = PassRecord(
            unit: unit, lane: lane, model: model, phase: phase, rows: rows, tokens: tokens, start: now)
        log.withLock { $0.begin(pass) }
    }

    package func end(unit: String, lane: String) {
        let now = now
        log.withLock { $0.end(unit: unit, lane: lane, at: now) }
    }

    package func read(from place: Int?, most: Int) -> PassLog.Reading {
        log.withLock { $0.read(from: place, most: most) }
    }
}
