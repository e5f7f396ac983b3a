/// How much jobs that run side by side slow each other down, beyond the shares that they hold.
///
/// Shares divide compute, not memory bandwidth nor caches: a job is slowed by what its neighbours use of the resource
/// that it needs itself.
package struct Contention: Hashable, Sendable, Codable {
    /// Slowdown of a job that saturates the memory beside others that do.
    package var memory: Double
    /// Slowdown of a job that saturates the compute beside others that do.
    package var compute: Double
    /// Slowdown of any job for each neighbour, whatever it uses: launches and the host are shared too.
    package var common: Double

    package static let none = Contention(memory: 0, compute: 0, common: 0)

    /// Fitted to measured runs of 19 models on 32 A100s.
    package static let measured = Contention(memory: 0.068, compute: 0.8, common: 0.084)

    package init(memory: Double, compute: Double, common: Double) {
        self.memory = memory
        self.compute = compute
        self.common = common
    }

    /// The factor on the time of a job beside `count` others whose utilisations add up to `others`.
    package func slowdown(of job: Utilisation, beside others: Utilisation, count: Double) -> Double {
        1 + memory * job.memory * others.memory + compute * job.compute * others.compute
            + common * count
    }

    /// The factor of each of several jobs that run side by side.
    package func slowdowns(of jobs: [Utilisation]) -> [Double] {
        let total = jobs.reduce(Utilisation.idle) { $0 + $1 }
        return jobs.map { own in
            let others = Utilisation(memory: total.memory - own.memory, compute: total.compute - own.compute)
            return slowdown(of: own, beside: others, count: Double(jobs.count - 1))
        }
    }
}
