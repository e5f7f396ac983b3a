import Transformer

extension Batch {
    /// A prompt of `tokens` for each of `slots`, after `position` tokens that the pool holds.
    static func prompts(_ tokens: Int, slots: Range<Int>, at position: Int = 0, wantsLogits: Bool = true) -> Batch {
        var batch = Batch()
        for slot in slots {
            batch.append(
                (0..<tokens).map { token(slot + position + $0) }, slot: slot, position: position,
                wantsLogits: wantsLogits)
        }
        return batch
    }

    /// A decode step for each of `slots`, after `length` tokens.
    static func steps(after length: Int, slots: Range<Int>) -> Batch {
        var batch = Batch()
        for slot in slots { batch.append([token(slot)], slot: slot, position: length, wantsLogits: true) }
        return batch
    }

    /// Tokens that differ: equal ones would go to the same experts, and a batch would cost as little as one row.
    private static func token(_ index: Int) -> Int32 { Int32(index * 31 % 97) + 3 }
}
