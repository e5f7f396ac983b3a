public import Workloads

/// The measured times of one model at one operating point.
public struct CostMeasurement: Hashable, Sendable {
    public var model: String
    /// Devices that work together on the model (tensor parallel degree).
    public var devices: Int
    /// The part of each device's compute, in percent.
    public var sharePercent: Int
    /// Sequences in the job.
    public var batch: Int
    /// Prompt tokens of each sequence (prefill), or tokens already cached (decode).
    public var length: Int
    /// One prefill of the whole batch; absent where not measured.
    public var prefill: Seconds?
    /// One decode step of the whole batch; absent where not measured.
    public var decode: Seconds?

    public init(
        model: String, devices: Int, sharePercent: Int, batch: Int, length: Int, prefill: Seconds?, decode: Seconds?
    ) {
        self.model = model
        self.devices = devices
        self.sharePercent = sharePercent
        self.batch = batch
        self.length = length
        self.prefill = prefill
        self.decode = decode
    }
}
