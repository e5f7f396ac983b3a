import Compute
package import Kernels

/// One shape of one kernel, with the numbers that it is tried on.
package protocol ShaderCase: Sendable, CustomStringConvertible {
    var kernel: String { get }

    /// The format of the weights; `nil` where there are none.
    var weights: WeightFormat? { get }

    /// - Parameter times: how often the dispatch is repeated; every run must give the same bits.
    /// - Throws: `Fault` with what is wrong.
    func run(on bench: Workbench, times: Int) throws(Fault) -> Accuracy

    /// Cases that are smaller in one respect, the biggest step first.
    var smaller: [Self] { get }
}

extension ShaderCase {
    package var weights: WeightFormat? { nil }
}

/// A case that is one dispatch.
protocol DispatchCase: ShaderCase {
    func trial(on bench: Workbench) throws(ComputeError) -> Trial
}

extension DispatchCase {
    package func run(on bench: Workbench, times: Int) throws(Fault) -> Accuracy {
        let trial: Trial
        do throws(ComputeError) { trial = try self.trial(on: bench) } catch { throw .device(error) }
        return try trial.run(on: bench, times: times)
    }
}
