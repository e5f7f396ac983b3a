import Compute
import Synchronization
import Testing

struct ThreadTeamTests {
    /// Every step is done once by every member, and after all of the step before.
    @Test(arguments: [1, 2, 3, 8])
    func stepsAreTakenTogether(count: Int) {
        let team = ThreadTeam(name: "team", count: count)
        for steps in [0, 1, 2, 500] {
            let log = Mutex<[(member: Int, step: Int)]>([])
            team.run(steps: steps) { member, step in log.withLock { $0.append((member, step)) } }
            let taken = log.withLock { $0 }
            // Said in a word: what is wrong would fill pages.
            let isInOrder = taken.map(\.step) == (0..<steps).flatMap { Array(repeating: $0, count: count) }
            #expect(isInOrder, "\(taken.count) steps taken of \(steps) by \(count)")
            guard isInOrder else { continue }
            for step in 0..<steps {
                let members = taken[step * count..<(step + 1) * count].map(\.member)
                #expect(members.sorted() == Array(0..<count))
            }
        }
    }

    /// What one member wrote in a step, all see in the next.
    @Test func membersSeeEachOthersWrites() {
        let team = ThreadTeam(name: "team", count: 2)
        let cells = UnsafeMutableBufferPointer<Int>.allocate(capacity: 2)
        defer { cells.deallocate() }
        cells.initialize(repeating: 1)
        nonisolated(unsafe) let shared = cells
        let sums = Mutex(0)
        for _ in 0..<50 {
            team.run(steps: 100) { member, step in
                if step % 2 == 0 { shared[member] += 1 } else { sums.withLock { $0 += shared[1 - member] } }
            }
        }
        // Step 2k + 1 sees 1 + k + 1 additions of the run, from both members.
        let expected = (1...2500).reduce(0) { $0 + 2 * ($1 + 1) }
        #expect(sums.withLock { $0 } == expected)
    }

    /// What the steps held goes when they are done, even if it holds the team.
    @Test func nothingIsHeldBetweenRuns() async throws {
        final class Holder: Sendable {
            let team = ThreadTeam(name: "team", count: 2)
            func work() { team.run(steps: 3) { [self] _, _ in #expect(team.count == 2) } }
        }
        weak var held: Holder?
        do {
            let holder = Holder()
            held = holder
            holder.work()
        }
        // The other thread lets go a moment later.
        for _ in 0..<200 where held != nil { try await Task.sleep(for: .milliseconds(5)) }
        #expect(held == nil)
    }

    /// More threads than cores still come to an end.
    @Test func teamsWorkBesideEachOther() async throws {
        try await withThrowingTaskGroup { group in
            for _ in 0..<4 {
                let thread = LaneThread(name: "caller")
                group.addTask {
                    try await thread.run {
                        let team = ThreadTeam(name: "team", count: 4)
                        let done = Atomic(0)
                        for _ in 0..<20 { team.run(steps: 50) { _, _ in done.add(1, ordering: .relaxed) } }
                        #expect(done.load(ordering: .relaxed) == 20 * 50 * 4)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
