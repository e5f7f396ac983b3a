package import KVCache
package import Quantities

/// A job, unique in its unit.
package struct JobID: Hashable, Sendable {
    package let number: UInt64
}

/// One launch of one model's phase, as a policy decided it.
///
/// The pages for all its tokens are there, and stay until the job's pass is reported finished.
package struct Job: Hashable, Sendable {
    package let id: JobID
    package let model: ModelID
    package let phase: Phase
    package let share: Share
    package let launched: Seconds
    /// By age.
    package let rows: [RowSpan]

    /// The tokens that the job computes.
    package var tokenCount: Int { rows.reduce(0) { $0 + $1.positions.count } }
}

/// What a job computes of one sequence.
package struct RowSpan: Hashable, Sendable {
    package enum Draw: Hashable, Sendable {
        /// More of the prompt is to come.
        case nothing
        /// The span ends with the last known token, so that the next one is drawn.
        case token
        /// The same, and the token drawn is the last that the sequence may have.
        case lastToken
    }

    package let request: RequestID
    let sequence: SequenceIndex
    package let table: BlockTableID
    /// Where in the table the pages begin that the device does not know yet; `nil` where it knows all.
    let firstNewPage: Int?
    /// The positions to compute; what comes before is in the pages already. The first span of a sequence begins behind
    /// what the prefix index had.
    package let positions: Range<Int>
    package let draw: Draw

    package var drawsToken: Bool { draw != .nothing }
}

/// Pages that are new in a sequence's block table since it was last sent to the device.
package struct TableUpdate: Hashable, Sendable {
    package let table: BlockTableID
    /// Where in the table they stand.
    package let first: Int
    package let pages: [PageID]
}

/// What a lane runs at a time: one forward pass of one model, for a job or for several that wait for the same lane.
package struct Pass: Hashable, Sendable {
    package let lane: LaneID
    /// Of one model, the oldest in front.
    package let jobs: [Job]
    /// To be sent before the pass runs.
    package let tables: [TableUpdate]

    package var model: ModelID { jobs[0].model }

    /// What it computes, job by job.
    package var rows: [RowSpan] { jobs.flatMap(\.rows) }
}

/// What a pass brought for a span that draws a token.
package struct DrawnToken: Hashable, Sendable {
    /// `nil` where it is not known, as in simulation.
    package var token: TokenID?
    /// Whether the text ends with it.
    package var stops: Bool

    package init(_ token: TokenID? = nil, stops: Bool = false) {
        self.token = token
        self.stops = stops
    }
}
