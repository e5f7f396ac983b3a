import Compute
import Kernels

/// The most that a device was seen to do, by kernels in the same language as all others.
package struct DevicePeaks: Sendable, Codable {
    /// Multiplications and additions in registers, in billions a second.
    package var gflops: Double
    /// The same for each second of a core, where the device is a driver of the CPU.
    package var gflopsPerCore: Double?
    /// Bytes read and written by a copy that is larger than caches, in billions a second.
    package var gigabytesPerSecond: Double

    private static let limit = 60.0

    /// - Throws: `ComputeError` of the device.
    static func measure(_ kernels: KernelSet, _ timer: KernelTimer) throws(ComputeError) -> DevicePeaks {
        let isCPU = kernels.device.description.kind == .cpu
        var (fastest, perCore) = (0.0, 0.0)
        for chains in [2, 4, 8, 12] {
            let (operations, figures) = try arithmetic(chains: chains, kernels, timer)
            fastest = max(fastest, operations / figures.device * 1e-9)
            perCore = max(perCore, operations / figures.processor * 1e-9)
        }
        return DevicePeaks(
            gflops: fastest, gflopsPerCore: isCPU ? perCore : nil,
            gigabytesPerSecond: try copying(kernels, timer))
    }

    /// As many chains as hide a device's latency, and no more than it has registers for, differ: the best counts.
    private static func arithmetic(
        chains: Int, _ kernels: KernelSet, _ timer: KernelTimer
    ) throws(ComputeError) -> (operations: Double, figures: KernelTimer.Figures) {
        let limits = kernels.limits
        let isCPU = kernels.device.description.kind == .cpu
        let (tiles, rounds) = isCPU ? (1024, 1500) : (4096, 2000)
        let y = try kernels.device.makeNumbers(tiles * limits.groupSize * limits.vectorWidth)
        let kernel = try kernels.bind("probe_fma", ["CHAINS": "\(chains)"], [y])
        var parameters = Parameters()
        parameters.append(rounds)
        parameters.append(Float(0.5))
        let found = try timer.measure(limit: limit) { $0.dispatch(kernel, parameters, tiles: tiles) }
        guard let found else {
            throw .unsupported(device: kernels.device.description.name, reason: "it is too slow to be measured")
        }
        return (2 * Double(tiles * limits.groupSize * limits.vectorWidth * chains) * Double(rounds), found)
    }

    private static func copying(_ kernels: KernelSet, _ timer: KernelTimer) throws(ComputeError) -> Double {
        let limits = kernels.limits
        let bytes = min(128 << 20, limits.maxBindingSize, kernels.device.description.memoryByteCount / 16)
        let vecs = bytes / (4 * limits.vectorWidth)
        let piece = 1024
        let x = try kernels.device.makeNumbers(vecs * limits.vectorWidth)
        let y = try kernels.device.makeNumbers(vecs * limits.vectorWidth)
        let kernel = try kernels.bind("probe_copy", ["PIECE": "\(piece)"], [x, y])
        var parameters = Parameters()
        parameters.append(vecs)
        let tiles = (vecs + piece - 1) / piece
        let found = try timer.measure(limit: limit) { $0.dispatch(kernel, parameters, tiles: tiles) }
        guard let found else {
            throw .unsupported(device: kernels.device.description.name, reason: "it is too slow to be measured")
        }
        return 2 * Double(4 * vecs * limits.vectorWidth) / found.device * 1e-9
    }
}
