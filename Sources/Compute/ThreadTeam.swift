import Dispatch
import Foundation
import Glibc
import Synchronization

/// Threads that go through steps together: none begins a step before all have ended the one before.
///
/// They wait for each other awake, since a step takes microseconds and waking a thread takes longer. Between runs all
/// but the caller, who is one of them, sleep.
///
///     let team = ThreadTeam(name: "sums", count: 2)
///     team.run(steps: 10) { member, step in … }
package final class ThreadTeam: Sendable {
    package let count: Int
    private let state: State

    package init(name: String, count: Int) {
        self.count = count
        state = State(count: count)
        for member in 1..<max(1, count) {
            let thread = Thread { [state] in state.work(as: member) }
            thread.name = name
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    deinit { state.close() }

    /// Calls `body` for every step, in order, with every member; one call at a time.
    package func run(steps: Int, _ body: @escaping @Sendable (_ member: Int, _ step: Int) -> Void) {
        if steps > 0 { state.run(steps, body) }
    }

    private struct Job: Sendable {
        let steps: Int
        /// Arrivals at the barrier before the job.
        let start: Int
        let body: @Sendable (Int, Int) -> Void
    }

    /// What the threads share: they keep it alive, and the team does not keep them.
    private final class State: Sendable {
        /// Spins at the barrier before a thread yields its core: about 20 us, a few times what steps of one length
        /// differ by.
        private static let spins = 10_000
        /// Yields before it sleeps in between, since there are more threads than cores: about 50 us more. Teams that
        /// only yielded took turns at waiting.
        private static let yields = 100

        private let count: Int
        /// How often a member has ended a step, in all jobs.
        private let arrivals = Atomic(0)
        private let job = Mutex<Job?>(nil)
        private let ready: [DispatchSemaphore]

        init(count: Int) {
            self.count = count
            ready = (1..<max(1, count)).map { _ in DispatchSemaphore(value: 0) }
        }

        func run(_ steps: Int, _ body: @escaping @Sendable (Int, Int) -> Void) {
            let job = Job(steps: steps, start: arrivals.load(ordering: .acquiring), body: body)
            self.job.withLock { $0 = job }
            for semaphore in ready { semaphore.signal() }
            execute(job, as: 0)
            // All have it, and what it holds may hold the team.
            self.job.withLock { $0 = nil }
        }

        func close() {
            job.withLock { $0 = nil }
            for semaphore in ready { semaphore.signal() }
        }

        func work(as member: Int) {
            while true {
                ready[member - 1].wait()
                guard let job = job.withLock({ $0 }) else { return }
                execute(job, as: member)
            }
        }

        private func execute(_ job: Job, as member: Int) {
            for step in 0..<job.steps {
                job.body(member, step)
                arrivals.add(1, ordering: .releasing)
                wait(for: job.start + (step + 1) * count)
            }
        }

        private func wait(for total: Int) {
            var spins = 0
            while arrivals.load(ordering: .acquiring) < total {
                spins += 1
                guard spins > Self.spins else { continue }
                if spins > Self.spins + Self.yields { usleep(50) } else { sched_yield() }
            }
        }
    }
}
