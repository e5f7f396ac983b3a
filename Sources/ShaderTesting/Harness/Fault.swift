package import Compute

/// What a case found wrong.
package enum Fault: Error, Sendable, Hashable {
    case inaccurate(Inaccuracy)
    /// No single result is too far off, all together are.
    case imprecise(buffer: String, nmse: Double, limit: Double)
    /// A place that no result belongs to was written.
    case strayWrite(buffer: String, word: Int)
    /// A buffer that is only read was written.
    case changedInput(buffer: String, word: Int)
    /// Another run with the same input gave other bits.
    case notRepeatable(buffer: String, word: Int, run: Int)
    /// A row's bits depend on what else is in its batch.
    case batchDependent(rows: Int, word: Int)
    /// The device did not run the kernel.
    case device(ComputeError)
}

extension Fault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .inaccurate(let inaccuracy): inaccuracy.description
        case .imprecise(let buffer, let nmse, let limit): "\(buffer) has an NMSE of \(nmse), above \(limit)"
        case .strayWrite(let buffer, let word): "\(buffer)[\(word)] was written, where no result belongs"
        case .changedInput(let buffer, let word): "\(buffer)[\(word)] was written, which is only to be read"
        case .notRepeatable(let buffer, let word, let run):
            "\(buffer)[\(word)] has other bits in run \(run) than in the first"
        case .batchDependent(let rows, let word): "y[\(word)] has other bits in a batch of \(rows) rows"
        case .device(let error): error.description
        }
    }
}
