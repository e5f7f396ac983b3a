extension KVManager {
    /// Opens a sequence and gives it the blocks that the prefix index has of its prompt.
    ///
    /// At least one token of the prompt is left to compute, since it takes a token to draw the next one.
    ///
    /// - Parameters:
    ///   - age: The sequence's place in time, unique in the unit: its arrival's number, kept when it is opened again.
    ///   - prompt: The tokens known so far, or nothing where nobody knows them; then nothing is shared.
    /// - Complexity: O(shared pages), and the steps back to its place by age among the model's sequences.
    public mutating func open(_ model: ModelID, age: UInt64, prompt: [Int32] = []) -> SequenceID {
        guard let shape = accounts[model.index]?.shape else {
            preconditionFailure("there is no model \(model.index)")
        }
        let slot = takeSlot(shape)
        slots[slot].isOpen = true
        slots[slot].model = model.index
        slots[slot].age = age
        link(slot)
        attachPrefix(of: prompt, to: slot)
        return SequenceID(index: Int32(slot), generation: slots[slot].generation)
    }

    /// Closes a sequence: its pages are free, or stay for the prefix index.
    ///
    /// - Complexity: O(pages of the sequence).
    public mutating func release(_ sequence: SequenceID) {
        let slot = slot(of: sequence)
        precondition(!slots[slot].isPinned, "a job at work uses the sequence's pages")
        let model = slots[slot].model
        releasePages(of: slot)
        unlink(slot)
        let table = slots[slot].table
        update(model) {
            $0.tokens -= table.tokenCount
            $0.capacity -= table.capacity
        }
        if claim?.slot == slot { claim = nil }
        slots[slot].isOpen = false
        slots[slot].generation &+= 1
        slots[slot].chain.removeAll()
        slots[slot].table = BlockTable(shape: table.shape)
        vacantSlots.append(slot)
        revision += 1
    }

    /// Pins a sequence while a job uses its pages: it is not named as a victim and must not be released.
    ///
    /// - Complexity: O(1).
    public mutating func setPinned(_ isPinned: Bool, _ sequence: SequenceID) {
        slots[slot(of: sequence)].isPinned = isPinned
    }

    /// The pages of an open sequence. Holding the table while the sequence grows costs a copy.
    public func table(of sequence: SequenceID) -> BlockTable { slots[slot(of: sequence)].table }

    /// The tokens that the sequence's pages have room for.
    public func capacity(of sequence: SequenceID) -> Int { slots[slot(of: sequence)].table.capacity }

    /// Whether the sequence is open; the identifiers of released sequences stay invalid.
    public func isOpen(_ sequence: SequenceID) -> Bool {
        let slot = Int(sequence.index)
        return slots[slot].isOpen && slots[slot].generation == sequence.generation
    }

    func slot(of sequence: SequenceID) -> Int {
        precondition(isOpen(sequence), "the sequence was released")
        return Int(sequence.index)
    }

    private mutating func takeSlot(_ shape: KVShape) -> Int {
        let fresh = BlockTable(shape: shape)
        if let slot = vacantSlots.popLast() {
            slots[slot].table = fresh
            return slot
        }
        slots.append(SequenceSlot(table: fresh))
        return slots.count - 1
    }

    /// Puts a sequence at its place by age; most are the newest.
    private mutating func link(_ slot: Int) {
        guard var account = accounts[slots[slot].model] else { return }
        var older = account.newest
        var newer: Int32 = -1
        while older >= 0, slots[Int(older)].age > slots[slot].age {
            newer = older
            older = slots[Int(older)].older
        }
        slots[slot].older = older
        slots[slot].newer = newer
        if older >= 0 { slots[Int(older)].newer = Int32(slot) } else { account.oldest = Int32(slot) }
        if newer >= 0 { slots[Int(newer)].older = Int32(slot) } else { account.newest = Int32(slot) }
        account.sequences += 1
        accounts[slots[slot].model] = account
    }

    private mutating func unlink(_ slot: Int) {
        let (older, newer, model) = (slots[slot].older, slots[slot].newer, slots[slot].model)
        if older >= 0 { slots[Int(older)].newer = newer } else { accounts[model]?.oldest = newer }
        if newer >= 0 { slots[Int(newer)].older = older } else { accounts[model]?.newest = older }
        accounts[model]?.sequences -= 1
    }
}
