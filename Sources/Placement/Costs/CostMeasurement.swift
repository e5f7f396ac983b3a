package import Quantities

/// The measured times of one model at one operating point.
package struct CostMeasurement: Hashable, Sendable {
    package var model: String
    /// Devices that work together on the model (tensor parallel degree).
    package var devices: Int
    /// The part of each device's compute, in percent.
    package var sharePercent: Int
    /// Sequences in the job.
    package var batch: Int
    /// Prompt tokens of each sequence (prefill), or tokens already cached (decode).
    package var length: Int
    /// One prefill of the whole batch; absent where not measured.
    package var prefill: Seconds?
    /// One decode step of the whole batch; absent where not measured.
    package var decode: Seconds?

    package init(
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
