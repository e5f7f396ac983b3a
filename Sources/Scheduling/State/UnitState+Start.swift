import DequeModule
public import KVCache
public import Workloads

extension UnitState {
    /// Starts a prefill job of a model: first what was begun, then as many waiting sequences as get pages.
    ///
    /// - Parameters:
    ///   - share: The share of the job; the model's own unless given.
    ///   - tokens: The most tokens of the job, if fewer than the model's settings allow.
    /// - Complexity: O(launched sequences + new pages).
    public mutating func startPrefill(
        _ model: ModelID, share: Share? = nil, tokens: Int? = nil, at now: Seconds
    ) -> StartOutcome {
        guard let settings = self[model]?.settings, self[model]?.canPrefill == true else { return .idle }
        let share = share ?? settings.shares.prefill
        guard share.tenths <= freeTenths else { return .needsShare }
        if self[model]?.prefilling.isEmpty == true, self[model]?.refusedAt == kv.revision { return .exceedsQuota }

        var batch: [JobSequence] = []
        var budget = max(1, min(tokens ?? .max, settings.maxBatchedTokens))
        var outcome = StartOutcome.idle
        for number in self[model]?.prefilling ?? [] where budget > 0 {
            takeChunk(of: number, into: &batch, budget: &budget)
        }
        while budget > 0, let number = nextToAdmit(model, budget: budget, isFirst: batch.isEmpty) {
            outcome = admit(number)
            if outcome == .idle { continue }
            guard outcome == .started else { break }
            takeChunk(of: number, into: &batch, budget: &budget)
        }
        guard !batch.isEmpty else { return outcome }
        launch(.prefill, of: model, share, batch, at: now)
        return .started
    }

    /// Starts a decode job: one step of all the model's running sequences that have, or get, the page for it.
    ///
    /// - Parameter share: The share of the job; the model's own unless given.
    /// - Complexity: O(launched sequences + new pages).
    public mutating func startDecode(_ model: ModelID, share: Share? = nil, at now: Seconds) -> StartOutcome {
        guard let settings = self[model]?.settings, self[model]?.canDecode == true else { return .idle }
        let share = share ?? settings.shares.decode
        guard share.tenths <= freeTenths else { return .needsShare }

        let running = self[model]?.running ?? []
        var batch: [JobSequence] = []
        batch.reserveCapacity(running.count)
        for number in running where sequences[number].status == .running {
            guard growForStep(number), let pages = sequences[number].pages else { continue }
            let last = sequences[number].total - 1
            putToWork(number)
            batch.append(
                JobSequence(
                    request: sequences[number].request, pages: pages, tokens: last..<last + 1, drawsToken: true))
        }
        guard !batch.isEmpty else { return self[model]?.running.isEmpty == true ? .idle : .needsPages }
        launch(.decode, of: model, share, batch, at: now)
        return .started
    }

    private mutating func launch(
        _ phase: Phase, of model: ModelID, _ share: Share, _ batch: [JobSequence], at now: Seconds
    ) {
        let job = Job(id: JobID(number: nextJob), model: model, phase: phase, share: share, sequences: batch)
        nextJob += 1
        jobs[job.id] = (job, now)
        committed += share.tenths
        actions.append(.launch(job))
        if phase == .decode {
            models[model.index]?.decodeJob = job.id
            models[model.index]?.timesPassedOver = 0
            models[model.index]?.lastDecode = now
            return
        }
        prefillJobs += 1
        models[model.index]?.prefillJob = job.id
        for other in models.indices where models[other]?.canDecode == true {
            models[other]?.timesPassedOver += 1
        }
    }

    private func nextToAdmit(_ model: ModelID, budget: Int, isFirst: Bool) -> Int? {
        guard let state = self[model], state.holders < state.settings.maxSequences, let number = state.waiting.first
        else { return nil }
        let fits = state.settings.chunksPrompts || isFirst || sequences[number].total <= budget
        return fits ? number : nil
    }

    /// Gets the pages of all known tokens of the first waiting sequence. `idle` says that it can never have them.
    private mutating func admit(_ number: Int) -> StartOutcome {
        let model = sequences[number].model
        let pages = openPages(of: number)
        switch extend(number, pages, for: .admission) {
        case .granted:
            leaveQueue(number)
            let place = place(of: number, in: models[model]?.prefilling ?? [])
            models[model]?.prefilling.insert(number, at: place)
            sequences[number].status = .prefilling
            updateDemand(of: model)
            return .started
        case .exceedsQuota:
            models[model]?.refusedAt = kv.revision
            return .exceedsQuota
        case .neverFits(let needed, let most):
            end(number, .fail(sequences[number].request, .poolTooSmall(pagesNeeded: needed, pages: most)))
            return .idle
        case .blocked, .needsPreemption: return .needsPages
        }
    }

    private mutating func openPages(of number: Int) -> SequenceID {
        if let pages = sequences[number].pages { return pages }
        let pages = kv.open(
            ModelID(index: sequences[number].model), age: sequences[number].age, prompt: sequences[number].tokens)
        sequences[number].pages = pages
        sequences[number].computed = kv.table(of: pages).tokenCount
        while numberOfPages.count <= Int(pages.index) { numberOfPages.append(0) }
        numberOfPages[Int(pages.index)] = number
        return pages
    }

    /// Whether a running sequence has room for one more token, others having yielded if they had to.
    private mutating func growForStep(_ number: Int) -> Bool {
        guard let pages = sequences[number].pages else { return false }
        switch extend(number, pages, for: .step) {
        case .granted: return true
        case .neverFits(let needed, let most):
            end(number, .fail(sequences[number].request, .poolTooSmall(pagesNeeded: needed, pages: most)))
            return false
        case .exceedsQuota, .blocked, .needsPreemption: return false
        }
    }

    /// Extends a sequence to all its tokens and preempts whoever must yield, which may be the sequence itself.
    private mutating func extend(_ number: Int, _ pages: SequenceID, for growth: Growth) -> ExtendOutcome {
        while true {
            let outcome = kv.extend(pages, to: sequences[number].total, for: growth)
            guard case .needsPreemption(let victim) = outcome else { return outcome }
            let yielding = numberOfPages[Int(victim.index)]
            preempt(yielding)
            if yielding == number { return outcome }
        }
    }

    private mutating func takeChunk(of number: Int, into batch: inout [JobSequence], budget: inout Int) {
        guard let pages = sequences[number].pages else { return }
        let (start, total) = (sequences[number].computed, sequences[number].total)
        let isWhole = models[sequences[number].model]?.settings.chunksPrompts == false
        let end = isWhole ? total : min(total, start + budget)
        budget = max(0, budget - (end - start))
        putToWork(number)
        batch.append(
            JobSequence(
                request: sequences[number].request, pages: pages, tokens: start..<end, drawsToken: end == total))
    }

    private mutating func putToWork(_ number: Int) {
        sequences[number].isAtWork = true
        if let pages = sequences[number].pages { kv.setPinned(true, pages) }
    }
}
