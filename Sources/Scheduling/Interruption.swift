import KVCache
import Quantities

/// What a unit whose device failed leaves behind: all on the device is gone, but of each request its tokens are known.
package struct Interruption: Hashable, Sendable {
    /// Ends of requests that do not go on: cancelled ones, and those of models that were being unloaded.
    package var actions: [Action] = []
    /// Requests that can go on in another unit, in the order in which they should: by rank. The prompt of each is all
    /// its tokens so far.
    package var requests: [Arrival] = []
    /// Those of `requests` that a job was computing when the device failed.
    package var atWork: Set<RequestID> = []
}

extension UnitState {
    /// Ends all jobs without a result and lets go of all sequences.
    ///
    /// - Complexity: O(sequences x log sequences + pages).
    mutating func interrupt() -> Interruption {
        for job in jobs.values {
            for row in job.rows { kv.setPinned(false, row.table) }
        }
        (jobs, committed, prefillJobs) = ([:], 0, 0)
        for model in models.ids { (self[model].prefillJob, self[model].decodeJob) = (nil, nil) }
        var interruption = Interruption()
        for index in sequences.names.sorted(by: { sequences[$0].rank < sequences[$1].rank }) {
            let wasAtWork = sequences[index].isAtWork
            sequences[index].isAtWork = false
            let sequence = remove(index)
            let isUnloaded = self[sequence.model].isDraining
            if let end = sequence.pendingEnd ?? (isUnloaded ? .failed(.modelUnloaded) : nil) {
                interruption.actions.append(.end(sequence.request, end))
                continue
            }
            interruption.requests.append(sequence.rest)
            if wasAtWork { interruption.atWork.insert(sequence.request) }
        }
        return interruption
    }
}

extension SequenceState {
    /// What is left to do of it, as a request of its own.
    fileprivate var rest: Arrival {
        var rest = Arrival(
            request: request, model: model, promptTokens: total, maxTokens: limit - total,
            prompt: tokens.count == total ? tokens : [])
        rest.sender = sender
        return rest
    }
}
