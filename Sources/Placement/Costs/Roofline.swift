/// Costs of models on a device that was never profiled, from its peaks alone.
///
/// A job takes the longer of moving its bytes and computing its operations, and its launches and exchanges on top. A
/// lane with part of the compute still reaches most of the bandwidth: half of the compute saturates it.
package struct Roofline: Sendable {
    package var peak: DevicePeak
    /// The parts of the peaks that real kernels reach. Chosen, not measured.
    package var computeEfficiency: Double
    package var memoryEfficiency: Double

    package init(peak: DevicePeak, computeEfficiency: Double = 0.6, memoryEfficiency: Double = 0.75) {
        self.peak = peak
        self.computeEfficiency = computeEfficiency
        self.memoryEfficiency = memoryEfficiency
    }

    /// A cost table with every model on 1, 2, 4 and 8 devices where `memoryBytes` hold its weights.
    package func table(for models: [ModelProfile], memoryBytes: Double) -> CostTable {
        var measurements: [CostMeasurement] = []
        for model in models {
            // Chosen: a tenth of the memory is for cache and scratch at least.
            for devices in [1, 2, 4, 8] where model.weightBytes <= 0.9 * memoryBytes * Double(devices) {
                for share in stride(from: 10, through: 100, by: 10) {
                    for batch in (0...9).map({ 1 << $0 }) {
                        for length in [32, 128, 512, 2048] {
                            measurements.append(point(model, devices, share, batch, length))
                        }
                    }
                }
            }
        }
        return CostTable(measurements)
    }

    private func point(
        _ model: ModelProfile, _ devices: Int, _ share: Int, _ batch: Int, _ length: Int
    ) -> CostMeasurement {
        let (share, tokens) = (Double(share) / 100, Double(batch * length))
        let prefill = model.work(newTokens: tokens, cachedTokens: tokens * Double(length) / 2, readsCacheOf: tokens)
        let decode = model.work(
            newTokens: Double(batch), cachedTokens: tokens, readsCacheOf: tokens)
        return CostMeasurement(
            model: model.costName, devices: devices, sharePercent: Int((share * 100).rounded()), batch: batch,
            length: length, prefill: time(prefill, tokens, model, devices, share),
            decode: time(decode, Double(batch), model, devices, share))
    }

    private func time(
        _ work: ModelProfile.Work, _ tokens: Double, _ model: ModelProfile, _ devices: Int, _ share: Double
    ) -> Double {
        let mesh = Double(devices)
        let computing = work.flops / (mesh * peak.flopsPerSecond * computeEfficiency * share)
        let moving = work.bytes / (mesh * peak.bytesPerSecond * memoryEfficiency * min(1, 2 * share))
        // About as many kernels as a layer has.
        let launches = Double(model.layers * 8) * peak.launchCost
        let exchanged = devices > 1 ? 4 * tokens * Double(model.layers * model.hiddenSize) : 0
        return max(computing, moving) + launches + exchanged / peak.linkBytesPerSecond
    }
}
