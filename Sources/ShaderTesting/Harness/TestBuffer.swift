import Compute

/// A buffer of a trial, with what stands in it before the kernel runs.
///
/// Words behind the last hold a guard: a kernel that writes there is caught by comparison, one that reads there
/// computes with something that is no number.
struct TestBuffer {
    /// No number as a float, nor in either half as a half or a bfloat16.
    static let guardWord: UInt32 = 0xffc5_ffc5

    let label: String
    /// The contents, with the guard behind them.
    let words: [UInt32]
    let buffer: any Buffer

    /// - Parameters:
    ///   - guardWords: at least as many as a broken kernel may overrun: drivers need not check bounds.
    ///   - guardWord: for indices one that is legal and wrong, as a driver may crash on any other.
    init(
        _ label: String, _ words: [UInt32], guardWords: Int = 1024, guardWord: UInt32 = Self.guardWord,
        on device: any Device
    ) throws(ComputeError) {
        self.label = label
        self.words = words + [UInt32](repeating: guardWord, count: guardWords)
        buffer = try device.makeBuffer(byteCount: 4 * self.words.count, access: .device, label: label)
        try restore()
    }

    init(_ label: String, _ values: [Float], guardWords: Int = 1024, on device: any Device) throws(ComputeError) {
        try self.init(label, values.map(\.bitPattern), guardWords: guardWords, on: device)
    }

    /// Indices, with zeros behind them.
    init(_ label: String, indices: [Int], on device: any Device) throws(ComputeError) {
        try self.init(label, indices.map { UInt32($0) }, guardWord: 0, on: device)
    }

    func restore() throws(ComputeError) { try buffer.write(words) }

    func contents() throws(ComputeError) -> [UInt32] { try buffer.read(words.count, of: UInt32.self) }
}
