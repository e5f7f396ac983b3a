import DequeModule
import KVCache
import Workloads

extension UnitState {
    mutating func enqueue(_ arrival: Arrival, at now: Seconds) {
        precondition(numbers[arrival.request] == nil, "request \(arrival.request.number) is here already")
        guard let model = self[arrival.model], !model.isLeaving else {
            actions.append(.fail(arrival.request, .modelUnloaded))
            return
        }
        let state = SequenceState(
            request: arrival.request, model: arrival.model.index, age: nextAge, arrival: now,
            total: arrival.promptTokens, limit: arrival.promptTokens + arrival.maxTokens, tokens: arrival.prompt)
        nextAge += 1
        let number = vacant.popLast() ?? sequences.count
        if number == sequences.count { sequences.append(state) } else { sequences[number] = state }
        numbers[arrival.request] = number
        models[arrival.model.index]?.waiting.append(number)
        updateDemand(of: arrival.model.index)
    }

    /// Takes the pages of a sequence at rest; it waits again, at its place by age.
    mutating func preempt(_ number: Int) {
        let wasWaiting = sequences[number].status == .waiting
        leaveQueue(number)
        releasePages(of: number)
        sequences[number].status = .waiting
        sequences[number].computed = 0
        insertWaiting(number)
        updateDemand(of: sequences[number].model)
        if !wasWaiting { actions.append(.preempt(sequences[number].request)) }
    }

    /// Ends a sequence at rest.
    mutating func end(_ number: Int, _ action: Action) {
        let model = sequences[number].model
        leaveQueue(number)
        releasePages(of: number)
        numbers[sequences[number].request] = nil
        sequences[number].status = .vacant
        sequences[number].tokens = []
        vacant.append(number)
        updateDemand(of: model)
        actions.append(action)
    }

    /// The place by age of a sequence that joins a queue; most are the newest, so the search goes from the back.
    func place(of number: Int, in queue: [Int]) -> Int {
        var place = queue.count
        while place > 0, sequences[queue[place - 1]].age > sequences[number].age { place -= 1 }
        return place
    }

    /// Says whether a model's requests wait for pages; those beyond its sequence limit do not.
    mutating func updateDemand(of model: Int) {
        guard let state = models[model] else { return }
        kv.setDemand(!state.waiting.isEmpty && state.holders < state.settings.maxSequences, of: state.id)
    }

    private mutating func insertWaiting(_ number: Int) {
        let place = waitingPlace(of: number)
        models[sequences[number].model]?.waiting.insert(number, at: place)
    }

    /// Takes a sequence out of the queue that it is in. Those who yield are the newest, so the search goes from the
    /// back.
    mutating func leaveQueue(_ number: Int) {
        let model = sequences[number].model
        switch sequences[number].status {
        case .vacant: break
        case .waiting:
            let place = waitingPlace(of: number)
            models[model]?.waiting.remove(at: place)
        case .prefilling:
            if let place = models[model]?.prefilling.lastIndex(of: number) {
                models[model]?.prefilling.remove(at: place)
            }
        case .running:
            if let place = models[model]?.running.lastIndex(of: number) { models[model]?.running.remove(at: place) }
        }
    }

    /// A sequence's place by age among those that wait.
    ///
    /// - Complexity: O(log n).
    private func waitingPlace(of number: Int) -> Int {
        guard let waiting = models[sequences[number].model]?.waiting else { return 0 }
        var (low, high) = (0, waiting.count)
        while low < high {
            let middle = (low + high) / 2
            if sequences[waiting[middle]].age < sequences[number].age { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func releasePages(of number: Int) {
        if let pages = sequences[number].pages { kv.release(pages) }
        sequences[number].pages = nil
    }
}
