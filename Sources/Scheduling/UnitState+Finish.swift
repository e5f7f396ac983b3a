import KVCache
import Quantities

extension UnitState {
    /// How a measured time per token is weighed against the known one: an outlier moves it by a fifth, and after ten
    /// jobs a tenth of an old value is left. Chosen.
    private static var smoothing: (known: Double, measured: Double) { (0.8, 0.2) }

    /// Books a finished job: its share and pages are free to use, drawn tokens are counted, complete sequences end.
    ///
    /// - Parameter drawn: What was drawn, of this job's spans first; they are taken out of it. Empty where nothing is
    ///   known.
    /// - Complexity: O(sequences of the job).
    mutating func finish(_ job: Job, _ drawn: inout ArraySlice<DrawnToken>) {
        guard jobs.removeValue(forKey: job.id) != nil else {
            preconditionFailure("job \(job.id.number) is not at work")
        }
        committed -= job.share.tenths
        switch job.phase {
        case .decode: self[job.model].decodeJob = nil
        case .prefill:
            prefillJobs -= 1
            self[job.model].prefillJob = nil
            let measured = (kv.now - job.launched) / Double(max(1, job.tokenCount))
            let known = self[job.model].prefillSecondsPerToken ?? measured
            self[job.model].prefillSecondsPerToken = Self.smoothing.known * known + Self.smoothing.measured * measured
        }
        var ends: [(index: SequenceIndex, end: SequenceEnd)] = []
        let settings = self[job.model].settings, blockSize = settings.shape.tokensPerPage
        for row in job.rows {
            kv.setPinned(false, row.table)
            let token = row.drawsToken ? drawn.popFirst() ?? DrawnToken() : nil
            let (end, known) = sequences[row.sequence].finish(row, token)
            if let end { ends.append((row.sequence, end)) }
            // Blocks that the job has filled are shared, where their tokens are known.
            if settings.sharesPrefixes, known > 0, known / blockSize > row.positions.lowerBound / blockSize {
                kv.publish(sequences[row.sequence].tokens, computed: known, of: row.table)
            }
        }
        moveToRunning(job)
        for (index, end) in ends { self.end(index, end) }
        removeIfDrained(job.model)
    }

    /// Moves sequences whose prompt is computed to those that decode.
    private mutating func moveToRunning(_ job: Job) {
        guard job.phase == .prefill, job.rows.contains(where: \.drawsToken) else { return }
        for row in job.rows where row.drawsToken {
            sequences[row.sequence].status = .running
            kv.endPrompt(of: row.table)
            let place = place(of: row.sequence, in: self[job.model].running)
            self[job.model].running.insert(row.sequence, at: place)
        }
        let prefilling = self[job.model].prefilling
        self[job.model].prefilling = prefilling.filter { sequences[$0].status == .prefilling }
    }
}

extension SequenceState {
    /// Counts what a job computed of the sequence and drew for it.
    ///
    /// - Returns: how the sequence ends now, if it does, and how many of its leading tokens are computed and known.
    fileprivate mutating func finish(_ row: RowSpan, _ drawn: DrawnToken?) -> (end: SequenceEnd?, known: Int) {
        isAtWork = false
        computed = row.positions.upperBound
        let known = min(tokens.count, computed)
        guard let drawn else { return (pendingEnd, known) }
        if let token = drawn.token, tokens.count == total { tokens.append(token) }
        total += 1
        return (pendingEnd ?? (drawn.stops ? .stop : row.draw == .lastToken ? .length : nil), known)
    }
}
