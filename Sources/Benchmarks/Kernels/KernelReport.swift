public import Compute
import Foundation

/// What a device did in a benchmark of kernels.
public struct KernelReport: Sendable, Codable {
    public var device: DeviceDescription
    public var limits: DeviceLimits
    /// Of weft.
    public var version: String
    public var date: String
    public var host: Host
    public var peaks: DevicePeaks
    public var rows: [Row] = []
    public var leftOut: [LeftOut] = []

    /// The machine that the benchmark ran on.
    public struct Host: Sendable, Codable {
        public var system: String
        public var cores: Int
        public var memoryByteCount: Int
    }

    /// One shape.
    public struct Row: Sendable, Codable {
        public var kernel: String
        public var model: String
        public var shape: String
        public var format: String
        public var rows: Int
        /// Of one dispatch, by the device's clock: the median, and the ends.
        public var seconds: Double
        public var lowestSeconds: Double
        public var highestSeconds: Double
        public var dispatchesPerSample: Int
        public var samples: Int
        public var gflops: Double
        public var gigabytesPerSecond: Double
        /// By the time that the process had of all cores; for drivers of the CPU.
        public var gflopsPerCore: Double?
        /// Parts of the device's measured peaks. Bytes that stay in caches may pass that of copying.
        public var ofArithmetic: Double
        public var ofCopying: Double

        /// The nearer of the two peaks: what bounds the kernel, if anything of these does.
        public var ofPeak: Double { max(ofArithmetic, ofCopying) }
    }

    /// A shape without a figure.
    public struct LeftOut: Sendable, Codable {
        public var kernel: String
        public var model: String
        public var shape: String
        public var format: String
        public var rows: Int
        public var reason: String
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
