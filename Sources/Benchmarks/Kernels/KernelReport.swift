package import Compute
import Foundation

/// What a device did in a benchmark of kernels.
package struct KernelReport: Sendable, Codable {
    package var device: DeviceDescription
    package var limits: DeviceLimits
    /// Of weft.
    package var version: String
    package var date: String
    package var host: Host
    package var peaks: DevicePeaks
    package var rows: [Row] = []
    package var leftOut: [LeftOut] = []

    /// The machine that the benchmark ran on.
    package struct Host: Sendable, Codable {
        package var system: String
        package var cores: Int
        package var memoryByteCount: Int
    }

    /// One shape.
    package struct Row: Sendable, Codable {
        package var kernel: String
        package var model: String
        package var shape: String
        package var format: String
        package var rows: Int
        /// Of one dispatch, by the device's clock: the median, and the ends.
        package var seconds: Double
        package var lowestSeconds: Double
        package var highestSeconds: Double
        package var dispatchesPerSample: Int
        package var samples: Int
        package var gflops: Double
        package var gigabytesPerSecond: Double
        /// By the time that the process had of all cores; for drivers of the CPU.
        package var gflopsPerCore: Double?
        /// Parts of the device's measured peaks. Bytes that stay in caches may pass that of copying.
        package var ofArithmetic: Double
        package var ofCopying: Double

        /// The nearer of the two peaks: what bounds the kernel, if anything of these does.
        package var ofPeak: Double { max(ofArithmetic, ofCopying) }
    }

    /// A shape without a figure.
    package struct LeftOut: Sendable, Codable {
        package var kernel: String
        package var model: String
        package var shape: String
        package var format: String
        package var rows: Int
        package var reason: String
    }

    init(device: DeviceDescription, limits: DeviceLimits, version: String, date: String, peaks: DevicePeaks) {
        let process = ProcessInfo.processInfo
        self.device = device
        self.limits = limits
        self.version = version
        self.date = date
        self.peaks = peaks
        host = Host(
            system: process.operatingSystemVersionString, cores: process.activeProcessorCount,
            memoryByteCount: Int(process.physicalMemory))
    }
}

extension KernelReport.Row {
    init(_ test: KernelCase, _ figures: KernelTimer.Figures, peaks: DevicePeaks) {
        kernel = test.kernel
        model = test.model
        shape = test.shape
        format = test.format
        rows = test.rows
        seconds = figures.device
        lowestSeconds = figures.lowest
        highestSeconds = figures.highest
        dispatchesPerSample = figures.dispatches
        samples = KernelTimer.samples
        gflops = test.operations / figures.device * 1e-9
        gigabytesPerSecond = test.bytes / figures.device * 1e-9
        gflopsPerCore = peaks.gflopsPerCore == nil ? nil : test.operations / figures.processor * 1e-9
        // Seconds of a core stay the same beside other work on the machine; those of the clock do not.
        ofArithmetic =
            if let gflopsPerCore, let peak = peaks.gflopsPerCore { gflopsPerCore / peak } else { gflops / peaks.gflops }
        ofCopying = gigabytesPerSecond / peaks.gigabytesPerSecond
    }
}

extension KernelReport.LeftOut {
    init(_ test: KernelCase, reason: String) {
        kernel = test.kernel
        model = test.model
        shape = test.shape
        format = test.format
        rows = test.rows
        self.reason = reason
    }
}
