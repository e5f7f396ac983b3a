import DequeModule
import KVCache

extension UnitState {
    /// Every way in which queues, jobs and pages contradict each other, in words; empty when all is right. For tests.
    ///
    /// - Complexity: O(pages + sequences).
    package func audit() -> [String] {
        kv.audit() + auditQueues() + auditJobs()
    }

    /// Each live sequence is in the one queue that its status names, by age, with pages if it needs them.
    private func auditQueues() -> [String] {
        var faults: [String] = []
        var listed = Array(repeating: 0, count: sequences.count)
        for case let model? in models {
            let queues: [(SequenceState.Status, [Int])] = [
                (.waiting, Array(model.waiting)), (.prefilling, model.prefilling), (.running, model.running),
            ]
            for (status, queue) in queues {
                if queue.map({ sequences[$0].age }) != queue.map({ sequences[$0].age }).sorted() {
                    faults.append("a queue of model \(model.id.index) is not by age")
                }
                for number in queue {
                    listed[number] += 1
                    let state = sequences[number]
                    if state.status != status { faults.append("sequence \(number) is \(state.status) in \(status)") }
                    if state.model != model.id.index { faults.append("sequence \(number) is of another model") }
                    if status != .waiting, state.pages == nil { faults.append("sequence \(number) has no pages") }
                    if status == .running, state.computed != state.total - 1 { faults.append("\(number) is not ready") }
                }
            }
            if model.holders > model.settings.maxSequences { faults.append("too many sequences hold pages") }
        }
        for (number, state) in sequences.enumerated() {
            if listed[number] != (state.status == .vacant ? 0 : 1) { faults.append("sequence \(number) is lost") }
            if state.status != .vacant, numbers[state.request] != number { faults.append("request of \(number)") }
        }
        if numbers.count != listed.reduce(0, +) { faults.append("requests without sequences") }
        return faults
    }

    /// Jobs add up to the share committed, and their sequences know that they are at work.
    private func auditJobs() -> [String] {
        var faults: [String] = []
        var atWork: Set<RequestID> = []
        for (job, _) in jobs.values {
            for entry in job.sequences {
                if !atWork.insert(entry.request).inserted { faults.append("a sequence is in two jobs") }
                if !kv.isOpen(entry.pages) { faults.append("a job's pages were released") }
            }
            let known = job.phase == .prefill ? self[job.model]?.prefillJob : self[job.model]?.decodeJob
            if known != job.id { faults.append("job \(job.id.number) is unknown to its model") }
        }
        for state in sequences where state.status != .vacant && state.isAtWork != atWork.contains(state.request) {
            faults.append("request \(state.request.number) does not know whether it is at work")
        }
        if committed != jobs.values.reduce(0, { $0 + $1.job.share.tenths }) { faults.append("committed share") }
        if committed > capacity { faults.append("\(committed) tenths exceed \(capacity)") }
        return faults
    }
}
