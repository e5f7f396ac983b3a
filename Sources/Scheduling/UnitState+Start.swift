import KVCache
package import Quantities

/// The answer to a policy that tries to start a job.
package enum StartOutcome: Hashable, Sendable {
    case started
    /// The phase has nothing to do, or is at work.
    case idle
    /// Too little share is free; a job at work will return some.
    case needsShare
    /// The pages are the model's due, but the sequences that must yield them are at work.
    case needsPages
    /// The model's quota is used up and nothing is lent to it.
    case exceedsQuota
}

extension UnitState {
    /// Starts a prefill job of a model: first what was begun, then as many waiting sequences as get pages.
    ///
    /// - Parameters:
    ///   - share: The share of the job; the model's own unless given.
    ///   - tokens: The most tokens of the job, if fewer than the model's settings allow.
    /// - Complexity: O(launched sequences + new pages).
    package mutating func startPrefill(
        _ model: ModelID, share: Share? = nil, tokens: Int? = nil, at now: Seconds
    ) -> StartOutcome {
        guard models.contains(model), self[model].canPrefill else { return .idle }
        let settings = self[model].settings
        let share = share ?? settings.shares.prefill
        guard share.tenths <= freeTenths else { return .needsShare }
        if self[model].prefilling.isEmpty, self[model].refusedAt == kv.revision { return .exceedsQuota }

        var rows: [RowSpan] = []
        var budget = max(1, min(tokens ?? .max, settings.maxBatchedTokens))
        var outcome = StartOutcome.idle
        for index in self[model].prefilling where budget > 0 {
            takeChunk(of: index, into: &rows, budget: &budget)
        }
        while budget > 0, let index = nextToAdmit(model, budget: budget, isFirst: rows.isEmpty) {
            outcome = admit(index)
            if outcome == .idle { continue }
            guard outcome == .started else { break }
            takeChunk(of: index, into: &rows, budget: &budget, firstNewPage: 0)
        }
        guard !rows.isEmpty else { return outcome }
        launch(.prefill, of: model, share, rows, at: now)
        return .started
    }

    /// Starts a decode job: one step of all the model's running sequences that have, or get, the page for it.
    ///
    /// - Parameter share: The share of the job; the model's own unless given.
    /// - Complexity: O(launched sequences + new pages).
    package mutating func startDecode(_ model: ModelID, share: Share? = nil, at now: Seconds) -> StartOutcome {
        guard models.contains(model), self[model].canDecode else { return .idle }
        let share = share ?? self[model].settings.shares.decode
        guard share.tenths <= freeTenths else { return .needsShare }

        let running = self[model].running
        var rows: [RowSpan] = []
        rows.reserveCapacity(running.count)
        // Those behind may be preempted, or fail, while those in front get their pages.
        for index in running where sequences.contains(index) {
            guard let row = sequences[index].step(index, in: &kv) ?? stepToNewPages(index) else { continue }
            rows.append(row)
        }
        guard !rows.isEmpty else { return models.contains(model) && !self[model].running.isEmpty ? .needsPages : .idle }
        launch(.decode, of: model, share, rows, at: now)
        return .started
    }

    /// A step of a running sequence that needs pages for it.
    private mutating func stepToNewPages(_ index: SequenceIndex) -> RowSpan? {
        guard sequences[index].status == .running, case .granted(let first) = extend(index, for: .step)
        else { return nil }
        let total = sequences[index].total
        return putToWork(index, total - 1..<total, first)
    }

    private mutating func launch(
        _ phase: Phase, of model: ModelID, _ share: Share, _ rows: [RowSpan], at now: Seconds
    ) {
        let job = Job(
            id: JobID(number: nextJob), model: model, phase: phase, share: share, launched: now, rows: rows)
        nextJob += 1
        jobs[job.id] = job
        launched.append(job)
        committed += share.tenths
        if phase == .decode {
            self[model].decodeJob = job.id
            self[model].timesPassedOver = 0
            self[model].lastDecode = now
            return
        }
        prefillJobs += 1
        self[model].prefillJob = job.id
        for other in models.ids where self[other].canDecode { self[other].timesPassedOver += 1 }
    }

    private func nextToAdmit(_ model: ModelID, budget: Int, isFirst: Bool) -> SequenceIndex? {
        // The model may have failed its last sequence, and be gone with it.
        guard models.contains(model), self[model].holders < self[model].settings.maxSequences,
            let index = self[model].waiting.first
        else { return nil }
        let fits = self[model].settings.chunksPrompts || isFirst || sequences[index].total <= budget
        return fits ? index : nil
    }

    /// Gets the pages of all known tokens of the first waiting sequence. `idle` says that it can never have them.
    private mutating func admit(_ index: SequenceIndex) -> StartOutcome {
        let model = sequences[index].model
        openTable(of: index)
        switch extend(index, for: .admission) {
        case .granted:
            leaveQueue(index)
            turns.take(sequences[index].rank.turn)
            let place = place(of: index, in: self[model].prefilling)
            self[model].prefilling.insert(index, at: place)
            sequences[index].status = .prefilling
            updateDemand(of: model)
            return .started
        case .exceedsQuota:
            self[model].refusedAt = kv.revision
            return .exceedsQuota
        case .neverFits: return .idle
        case .blocked, .needsPreemption: return .needsPages
        }
    }

    private mutating func openTable(of index: SequenceIndex) {
        let sequence = sequences[index]
        guard sequence.table == nil else { return }
        let prefix = self[sequence.model].settings.sharesPrefixes ? sequence.tokens : []
        let table = kv.open(sequence.model, rank: sequence.rank, prompt: prefix)
        sequences[index].table = table
        sequences[index].computed = kv[table].tokenCount
        byTable[table] = index
    }

    /// Extends a sequence to all its tokens and preempts the victims, of which it may be one itself. A sequence that
    /// can never have the pages has failed afterwards.
    private mutating func extend(_ index: SequenceIndex, for growth: Growth) -> ExtendOutcome {
        guard let table = sequences[index].table else { preconditionFailure("a sequence at work has a table") }
        while true {
            let outcome = kv.extend(table, to: sequences[index].total, for: growth)
            switch outcome {
            case .needsPreemption(let victim):
                guard let yielding = byTable[victim] else { preconditionFailure("a victim is a sequence of the unit") }
                preempt(yielding)
                if yielding == index { return outcome }
            case .neverFits(let needed, let most):
                end(index, .failed(.poolTooSmall(pagesNeeded: needed, pages: most)))
                return outcome
            case .granted, .exceedsQuota, .blocked: return outcome
            }
        }
    }

    private mutating func takeChunk(
        of index: SequenceIndex, into rows: inout [RowSpan], budget: inout Int, firstNewPage: Int? = nil
    ) {
        let (start, total) = (sequences[index].computed, sequences[index].total)
        let isWhole = !self[sequences[index].model].settings.chunksPrompts
        let end = isWhole ? total : min(total, start + budget)
        budget = max(0, budget - (end - start))
        rows.append(putToWork(index, start..<end, firstNewPage))
    }

    private mutating func putToWork(_ index: SequenceIndex, _ positions: Range<Int>, _ firstNewPage: Int?) -> RowSpan {
        let row = sequences[index].putToWork(index, positions, firstNewPage)
        kv.setPinned(true, row.table)
        return row
    }

    /// The pages of a pass's sequences that the device does not know yet.
    func tableUpdates(for jobs: [Job]) -> [TableUpdate] {
        var updates: [TableUpdate] = []
        for job in jobs {
            for row in job.rows {
                guard let first = row.firstNewPage else { continue }
                updates.append(TableUpdate(table: row.table, first: first, pages: Array(kv[row.table].pages[first...])))
            }
        }
        return updates
    }
}

extension SequenceState {
    /// A step of a running sequence that has the pages for it; `nil` for all others.
    fileprivate mutating func step(_ index: SequenceIndex, in kv: inout KVManager) -> RowSpan? {
        guard status == .running, let table, kv.step(table, to: total) else { return nil }
        return putToWork(index, total - 1..<total, nil)
    }

    fileprivate mutating func putToWork(_ index: SequenceIndex, _ positions: Range<Int>, _ first: Int?) -> RowSpan {
        guard let table else { preconditionFailure("a sequence at work has a table") }
        isAtWork = true
        let draw: RowSpan.Draw = positions.upperBound < total ? .nothing : total + 1 < limit ? .token : .lastToken
        return .init(
            request: request, sequence: index, table: table, firstNewPage: first, positions: positions, draw: draw)
    }
}
