import KVCache
import Quantities

extension UnitState {
    /// Every way in which queues, jobs and pages contradict each other, in words; empty when all is right. For tests.
    ///
    /// - Complexity: O(pages + sequences).
    package func audit() -> [String] { kv.audit() + auditQueues() + auditJobs() }

    /// Each sequence is in the one queue that its status names, by rank, with pages if it needs them.
    private func auditQueues() -> [String] {
        var faults: [String] = []
        var listed: [SequenceIndex: Int] = [:]
        for model in models.ids {
            let queues: [(SequenceState.Status, [SequenceIndex])] = [
                (.waiting, Array(self[model].waiting)), (.prefilling, self[model].prefilling),
                (.running, self[model].running),
            ]
            for (status, queue) in queues {
                let ranks = queue.map { sequences[$0].rank }
                if ranks != ranks.sorted() { faults.append("a queue of \(model) is not by rank") }
                for index in queue {
                    listed[index, default: 0] += 1
                    let state = sequences[index]
                    if state.status != status { faults.append("a sequence is \(state.status) in \(status)") }
                    if state.model != model { faults.append("a sequence is of another model") }
                    if status != .waiting, state.table == nil { faults.append("a sequence has no pages") }
                    if status == .running, state.computed != state.total - 1 {
                        faults.append("a sequence is not ready")
                    }
                }
            }
            if self[model].holders > max(self[model].settings.maxSequences, self[model].mostHolders) {
                faults.append("too many sequences hold pages")
            }
        }
        for index in sequences.names {
            let state = sequences[index]
            if listed[index] != 1 { faults.append("request \(state.request.number) is lost") }
            if byRequest[state.request] != index { faults.append("request \(state.request.number) is not found") }
            if let table = state.table, byTable[table] != index { faults.append("a table is not found") }
        }
        if byRequest.count != sequences.count { faults.append("requests without sequences") }
        if byTable.keys.contains(where: { !kv.isOpen($0) }) { faults.append("tables without sequences") }
        return faults
    }

    /// Jobs add up to the share committed, and their sequences know that they are at work.
    private func auditJobs() -> [String] {
        var faults: [String] = []
        var atWork: Set<RequestID> = []
        for job in jobs.values {
            for row in job.rows {
                if !atWork.insert(row.request).inserted { faults.append("a sequence is in two jobs") }
                if !kv.isOpen(row.table) { faults.append("a job's pages were released") }
            }
            let known = job.phase == .prefill ? self[job.model].prefillJob : self[job.model].decodeJob
            if known != job.id { faults.append("job \(job.id.number) is unknown to its model") }
        }
        for state in sequences.names.map({ sequences[$0] }) where state.isAtWork != atWork.contains(state.request) {
            faults.append("request \(state.request.number) does not know whether it is at work")
        }
        if committed != jobs.values.reduce(0, { $0 + $1.share.tenths }) { faults.append("committed share") }
        if committed > capacity { faults.append("\(committed) tenths exceed \(capacity)") }
        return faults
    }
}
