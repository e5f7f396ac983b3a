import Compute
import KVCache
import Scheduling
import Transformer

extension Unit {
    /// Gives pending jobs to lanes that have nothing to do, the oldest job first.
    func startWork() {
        while failure == nil, let (step, lane) = nextStep() {
            lanes.begin(lane)
            Task { await work(step, on: lane) }
        }
    }

    private func work(_ step: Step, on lane: UnitLane) async {
        let start = now
        do {
            let stream = lane.lane
            let drawn = try await lane.thread.run { try step.run(on: stream) }
            lanes.end(lane, seconds: now - start)
            guard failure == nil else { return }
            finish(step, drawn)
        } catch {
            lanes.end(lane, seconds: now - start)
            breakDown("\(error)")
        }
        startWork()
    }

    /// The oldest job that finds its lane idle, and what else waits there for the same model: prompts and decode steps
    /// share one pass.
    private func nextStep() -> (Step, UnitLane)? {
        for first in pending {
            guard let lane = lanes.idle(for: first.share), let model = models[first.model] else { continue }
            let jobs = pending.filter { $0.model == first.model && lanes.suits(lane, $0.share) }
            pending.removeAll { job in jobs.contains { $0.id == job.id } }
            var step = Step(jobs, model: model.networks[lane.index])
            for part in jobs.flatMap(\.sequences) { add(part, to: &step) }
            return (step, lane)
        }
        return nil
    }

    private func add(_ part: JobSequence, to step: inout Step) {
        guard let generation = generations[part.request] else { return }
        show(part)
        step.add(part, of: generation)
        // What precedes the first range came from the prefix index.
        if generation.cachedTokens == nil {
            generations[part.request]?.cachedTokens = part.tokens.lowerBound
            counters[generation.model]?.cachedTokens += part.tokens.lowerBound
        }
    }

    /// Brings the device's copy of a sequence's block table up to date.
    private func show(_ part: JobSequence) {
        let slot = Int(part.pages.index)
        let table = scheduler.state.kv.table(of: part.pages)
        let first = shown[slot].flatMap { $0.sequence == part.pages ? $0.pages : nil } ?? 0
        if first < table.pages.count { pool.update(slot: slot, table: table, from: first) }
        shown[slot] = (part.pages, table.pages.count)
    }

    private func finish(_ step: Step, _ drawn: [Step.Drawn]) {
        countPages()
        var ended: Set<RequestID> = []
        var tokens: [RequestID: Int32] = [:]
        for draw in drawn {
            tokens[draw.request] = draw.token
            if let model = generations[draw.request]?.model { counters[model]?.generatedTokens += 1 }
            generations[draw.request]?.sampler = draw.sampler
            if generations[draw.request]?.append(draw.token, logprob: draw.logprob) == true {
                ended.insert(draw.request)
            }
        }
        for job in step.jobs {
            let own = job.sequences.filter(\.drawsToken).compactMap { tokens[$0.request] }
            perform(scheduler.jobFinished(job.id, JobOutcome(tokens: own, ended: ended), at: now))
        }
    }
}
