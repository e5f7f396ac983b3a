import Transformer

extension Batch {
    /// A prompt of `tokens` for each of `slots`, after `position` tokens that the pool holds.
    static func prompts(_ tokens: Int, slots: Range<Int>, at position: Int = 0, wantsLogits: Bool = true) -> Batch {
        var batch = Batch()
        for slot in slots {
            batch.append(
                (0..<Int32(tokens)).map { $0 % 97 + 3 }[...], slot: slot, position: position, wantsLogits: wantsLogits)
        }
        return batch
    }

    /// A decode step for each of `slots`, after `length` tokens.
    static func steps(after length: Int, slots: Range<Int>) -> Batch {
        var batch = Batch()
        for slot in slots { batch.append([5], slot: slot, position: length, wantsLogits: true) }
        return batch
    }
}
