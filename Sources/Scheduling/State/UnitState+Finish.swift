import KVCache
import Workloads

extension UnitState {
    /// Books a finished job: its share and pages are free to use, drawn tokens are counted, complete sequences end.
    ///
    /// - Complexity: O(sequences of the job).
    mutating func finish(_ id: JobID, _ outcome: JobOutcome, at now: Seconds) {
        guard let (job, start) = jobs.removeValue(forKey: id) else {
            preconditionFailure("job \(id.number) is not at work")
        }
        committed -= job.share.tenths
        if job.phase == .prefill { prefillJobs -= 1 }
        returnPhase(of: job, after: now - start)

        var drawn = outcome.tokens.makeIterator()
        var ending: [(number: Int, action: Action)] = []
        for entry in job.sequences {
            let number = numberOfPages[Int(entry.pages.index)]
            rest(number, entry.pages)
            compute(number, entry, drawn: entry.drawsToken ? drawn.next() : nil)
            if let action = ends(number, entry, outcome) { ending.append((number, action)) }
        }
        settle(job)
        for (number, action) in ending { end(number, action) }
        removeIfGone(job.model)
    }

    private mutating func returnPhase(of job: Job, after duration: Seconds) {
        guard job.phase == .prefill else {
            models[job.model.index]?.decodeJob = nil
            return
        }
        models[job.model.index]?.prefillJob = nil
        let measured = duration / Double(max(1, job.tokenCount))
        let known = models[job.model.index]?.prefillSecondsPerToken ?? measured
        models[job.model.index]?.prefillSecondsPerToken = 0.8 * known + 0.2 * measured
    }

    private mutating func rest(_ number: Int, _ pages: SequenceID) {
        sequences[number].isAtWork = false
        kv.setPinned(false, pages)
    }

    /// Counts what a job computed of a sequence and drew for it, and shares its full blocks.
    private mutating func compute(_ number: Int, _ entry: JobSequence, drawn: Int32?) {
        sequences[number].computed = entry.tokens.upperBound
        if !sequences[number].tokens.isEmpty {
            let known = min(sequences[number].tokens.count, entry.tokens.upperBound)
            let size = models[sequences[number].model]?.settings.shape.tokensPerPage ?? 1
            if known / size > entry.tokens.lowerBound / size {
                kv.publish(sequences[number].tokens, computed: known, of: entry.pages)
            }
        }
        guard entry.drawsToken else { return }
        if let drawn, sequences[number].tokens.count == sequences[number].total {
            sequences[number].tokens.append(drawn)
        }
        sequences[number].total += 1
    }

    /// The action with which a sequence ends now, if it does.
    private func ends(_ number: Int, _ entry: JobSequence, _ outcome: JobOutcome) -> Action? {
        switch sequences[number].doom {
        case .cancelled: .finish(entry.request, .cancelled)
        case .unloaded: .fail(entry.request, .modelUnloaded)
        case nil:
            entry.drawsToken
                && (sequences[number].total >= sequences[number].limit || outcome.ended.contains(entry.request))
                ? .finish(entry.request, .completed) : nil
        }
    }

    /// Moves sequences whose prompt is computed to those that decode.
    private mutating func settle(_ job: Job) {
        guard job.phase == .prefill, job.sequences.contains(where: \.drawsToken) else { return }
        for entry in job.sequences where entry.drawsToken {
            let number = numberOfPages[Int(entry.pages.index)]
            sequences[number].status = .running
            let place = place(of: number, in: models[job.model.index]?.running ?? [])
            models[job.model.index]?.running.insert(number, at: place)
        }
        let prefilling = models[job.model.index]?.prefilling ?? []
        models[job.model.index]?.prefilling = prefilling.filter { sequences[$0].status == .prefilling }
    }

    /// Ends a sequence for a reason of its own: now if it is at rest, else with its job.
    mutating func doom(_ number: Int, _ doom: SequenceState.Doom) {
        let state = sequences[number]
        if state.status == .vacant { return }
        if state.isAtWork {
            sequences[number].doom = state.doom ?? doom
        } else {
            end(number, doom == .cancelled ? .finish(state.request, .cancelled) : .fail(state.request, .modelUnloaded))
        }
    }

    /// Removes a model that is leaving and has nothing left.
    mutating func removeIfGone(_ model: ModelID) {
        guard let state = self[model], state.isLeaving, state.prefillJob == nil, state.decodeJob == nil else { return }
        models[model.index] = nil
        kv.remove(model)
        actions.append(.unloaded(model))
    }
}
