import Compute
package import Kernels
import Quantities

/// A short test of a device before it serves: one small case or two of every kernel.
package enum SelfTest {
    /// What a device will serve with.
    static func cases(_ limits: DeviceLimits) -> [any DispatchCase] {
        let takesBytes = limits.prefersIntegerProducts
        let quantise: [any DispatchCase] = takesBytes ? [QuantiseCase(rows: 3, depth: 96, norm: .rms)] : []
        return quantise + [
            MatMulCase(format: .q4, takesBytes: takesBytes, rows: 1, depth: 96, columns: 132),
            MatMulCase(format: .q4, takesBytes: takesBytes, rows: 9, depth: 64, columns: 36),
            AttentionCase(kv: .f16, headSize: 64, ratio: 3, lengths: [1, 8, 33], tail: 2),
            RopeStoreCase(kv: .f16, headSize: 64, ratio: 3, rotated: 64, lengths: [1, 8, 33], tail: 2),
            EmbedCase(format: .q4, rows: 5, vocabulary: 70, depth: 96),
            NormCase(rows: 3, width: 132),
        ]
    }

    /// What a device with matrix units, or with fast dot products, will multiply with on them.
    private static func casesOfUnits(_ limits: DeviceLimits) -> [any DispatchCase] {
        let takesBytes = limits.prefersIntegerProducts
        return [1, 33].flatMap { rows in
            [
                MatMulCase(format: .q4, takesBytes: takesBytes, rows: rows, depth: 288, columns: 132),
                MatMulCase(format: .q8, takesBytes: takesBytes, epilogue: .swiglu, rows: rows, depth: 96, columns: 36),
            ]
        }
    }

    /// What a device computes wrongly on its matrix units, or by dot products; `nil` where it has none or nothing is
    /// wrong. What is, a device is not given up for: `DeviceLimits.dropUnits`.
    package static func faultOfUnits(_ kernels: KernelSet) -> SelfTestError? {
        let limits = kernels.limits
        guard limits.hasGroups, limits.matrix != nil || limits.prefersIntegerProducts else { return nil }
        do throws(SelfTestError) {
            try run(casesOfUnits(limits), kernels)
            return nil
        } catch { return error }
    }

    /// Takes well under a second where the kernels are in the caches, a few seconds where they are not.
    /// - Parameter kernels: those that the device will serve with.
    /// - Throws: `SelfTestError` for the first case that fails.
    package static func run(_ kernels: KernelSet) throws(SelfTestError) { try run(cases(kernels.limits), kernels) }

    private static func run(_ cases: [any DispatchCase], _ kernels: KernelSet) throws(SelfTestError) {
        let device = kernels.device.description.name
        var current = "lane"
        do {
            let bench = try Workbench(kernels)
            for test in cases {
                current = test.kernel
                // Only what the device will serve a first token with.
                let (trial, pending) = try kernels.gather { () throws(ComputeError) in try test.trial(on: bench) }
                try pending.compileFirst()
                _ = try trial.run(on: bench, times: 2)
            }
        } catch {
            throw SelfTestError(device: device, kernel: current, fault: "\(error)")
        }
    }

    /// The self-test, and then how long the device takes for what a step of decode is made of: products of one row with
    /// many weights, one after the other, and the wait for the last. To choose among the ways to reach a device.
    ///
    /// Takes a second or two.
    /// - Throws: `SelfTestError` where the test fails.
    package static func seconds(_ kernels: KernelSet) throws -> Double {
        try run(kernels)
        let shape = PanelShape(
            format: .q4, depth: 2048, panels: 2048 / PanelLayout(vectorWidth: kernels.limits.vectorWidth).width,
            layout: PanelLayout(vectorWidth: kernels.limits.vectorWidth))
        func buffer(_ byteCount: Int, _ label: String) throws(ComputeError) -> any Buffer {
            let buffer = try kernels.device.makeBuffer(byteCount: byteCount, access: .device, label: label)
            try buffer.write([UInt8](repeating: 0, count: byteCount))
            return buffer
        }
        let weights = DeviceWeights(
            shape: shape, words: try buffer(shape.weightByteCount, "words"),
            scales: try buffer(max(16, shape.scaleByteCount), "scales"))
        let x = try buffer(4 * shape.depth, "x"), y = try buffer(4 * 2048, "y")
        let product = try MatMul(kernels, x: .floats(x), weights: weights, y: y, columns: 2048, stride: 2048)
        let lane = try kernels.device.makeLane(label: "measured self-test")
        // The first run pays for what drivers put off. Of the others the best: whatever else runs only adds to them.
        let clock = ContinuousClock()
        var best = Double.infinity
        for _ in 0..<4 {
            let time = try clock.measure {
                try lane.run { commands in for _ in 0..<32 { product.encode(commands, rows: 1) } }
            }
            best = min(best, time / .seconds(1))
        }
        return best
    }
}

/// A device that computes wrongly, or not at all.
package struct SelfTestError: Error, Sendable, Hashable, CustomStringConvertible {
    package var device: String
    package var kernel: String
    /// What was wrong.
    package var fault: String

    package var description: String {
        "\(device) failed its self-test and is not used: kernel \(kernel): \(fault)"
    }
}
