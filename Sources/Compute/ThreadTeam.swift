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
    private let meeting: Meeting

    package init(name: String, count: Int) {
        self.count = count
        meeting = Meeting(count: count)
        for member in 1..<max(1, count) {
            let thread = Thread { [meeting] in meeting.attend(member) }
            thread.name = name
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    deinit { meeting.close() }

    /// Calls `body` for every step, in order, with every member; one call at a time.
    package func run(steps: Int, _ body: @escaping @Sendable (_ member: Int, _ step: Int) -> Void) {
        if steps > 0 { meeting.run(Job(steps: steps, body: body)) }
    }

    private struct Job: Sendable {
        let steps: Int
        /// Arrivals before the job.
        var start = 0
        let body: @Sendable (Int, Int) -> Void
    }

    /// Where the threads meet: they keep it alive, and the team does not keep them.
    private final class Meeting: Sendable {
        /// Looks at the others' arrivals before other threads may have the core: about 20 us, a few times what steps of
        /// one length differ by.
        private static let looks = 10_000
        /// Looks until the thread sleeps in between, since there are more threads than cores: about 50 us more. Teams
        /// that only offered their cores took turns at waiting.
        private static let offers = 100

        private let count: Int
        /// How often a member has ended a step, in all jobs.
        private let arrivals = Atomic(0)
        private let job = Mutex<Job?>(nil)
        private let ready: [DispatchSemaphore]

        init(count: Int) {
            self.count = count
            ready = (1..<max(1, count)).map { _ in DispatchSemaphore(value: 0) }
        }

        func run(_ job: consuming Job) {
            job.start = arrivals.load(ordering: .acquiring)
            let job = job
            self.job.withLock { $0 = job }
            for semaphore in ready { semaphore.signal() }
            takePart(in: job, as: 0)
            // All have it, and what it holds may hold the team.
            self.job.withLock { $0 = nil }
        }

        func close() {
            job.withLock { $0 = nil }
            for semaphore in ready { semaphore.signal() }
        }

        func attend(_ member: Int) {
            while true {
                ready[member - 1].wait()
                guard let job = job.withLock({ $0 }) else { return }
                takePart(in: job, as: member)
            }
        }

        private func takePart(in job: Job, as member: Int) {
            for step in 0..<job.steps {
                job.body(member, step)
                arrivals.add(1, ordering: .releasing)
                wait(for: job.start + (step + 1) * count)
            }
        }

        private func wait(for total: Int) {
            var looks = 0
            while arrivals.load(ordering: .acquiring) < total {
                looks += 1
                guard looks > Self.looks else { continue }
                if looks > Self.looks + Self.offers { usleep(50) } else { sched_yield() }
            }
        }
    }
}
