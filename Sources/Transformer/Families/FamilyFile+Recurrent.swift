import Kernels

extension FamilyFile {
    /// Recurrent layers as `ssm` keys have them.
    ///
    /// - Parameter epsilon: that keys are normalised with, by the delta rule.
    func recurrent(
        _ rule: StateRecurrence.Shape.Rule, sharing: StateRecurrence.Shape.Sharing, epsilon: Float = 0
    ) throws(ModelError) -> RecurrentLayer {
        let taps = try integer("ssm.conv_kernel", in: CausalConvolution.Shape.tapRange)
        let width = try integer("ssm.inner_size", in: 1...(1 << 17))
        let keySize = try integer("ssm.state_size", in: 1...1024)
        let keyHeads = try integer("ssm.group_count", in: 1...1024)
        let heads = try integer("ssm.time_step_rank", in: 1...1024)
        // Rows are cut in quads.
        try require(heads % 4 == 0 && width % heads == 0, "\(width) numbers of \(heads) recurrent heads")
        try require(heads % keyHeads == 0, "\(heads) recurrent heads cannot share \(keyHeads) keys evenly")
        let valueSize = width / heads
        for size in [keySize, valueSize] {
            try require(
                StateRecurrence.Shape.sizes.contains(size) && size % 16 == 0, "recurrent heads of \(size) numbers")
        }
        let recurrence = StateRecurrence.Shape(
            rule: rule, heads: heads, keyHeads: keyHeads, keySize: keySize, valueSize: valueSize, sharing: sharing,
            epsilon: epsilon)
        return RecurrentLayer(
            .init(channels: recurrence.valueWidth + 2 * recurrence.keyWidth, taps: taps, form: .silu), recurrence)
    }
}
