import Foundation
package import Quantities

/// Inputs of one kind, each made from the seed and its number alone, so that any of them can be made again.
///
/// `tools/fuzz` says by the environment how many there are, and which is the first; tests alone take few.
package struct Fuzzing: Sendable {
    /// The input that took longest.
    package struct Slowest: Sendable {
        package var number = 0
        package var seconds = 0.0
    }

    private let kind: String
    private let seed: UInt64
    private let numbers: Range<Int>
    private let progress: FileHandle?

    /// - Parameter count: of inputs, where nothing else is said.
    package init(_ kind: String, count: Int) {
        self.kind = kind
        func number(_ key: String) -> Int? { ProcessInfo.processInfo.environment[key].flatMap { Int($0) } }
        seed = UInt64(number("WEFT_FUZZ_SEED") ?? 1)
        let first = number("WEFT_FUZZ_FIRST") ?? 0
        numbers = first..<first + (number("WEFT_FUZZ_INPUTS") ?? count)
        progress = ProcessInfo.processInfo.environment["WEFT_FUZZ_PROGRESS"].flatMap {
            FileHandle(forWritingAtPath: $0)
        }
    }

    /// Tries all inputs. Time is that of the thread, which other work on the machine changes little.
    ///
    /// - Parameter body: tries one; returns whether it was taken, not refused.
    /// - Returns: how many were taken.
    package func run(_ body: (inout SplitMix64) throws -> Bool) rethrows -> Int {
        var (taken, slowest) = (0, Slowest())
        for number in numbers {
            note(number)
            var random = SplitMix64(seed: seed, stream: number)
            let seconds = try threadSeconds { if try body(&random) { taken += 1 } }
            if seconds > slowest.seconds { slowest = Slowest(number: number, seconds: seconds) }
        }
        report(taken, slowest)
        return taken
    }

    /// The same with a body that others work for; time is what passes.
    package func run(_ body: (inout SplitMix64) async throws -> Bool) async rethrows -> Int {
        var (taken, slowest) = (0, Slowest())
        let clock = ContinuousClock()
        for number in numbers {
            note(number)
            var random = SplitMix64(seed: seed, stream: number)
            let start = clock.now
            if try await body(&random) { taken += 1 }
            let seconds = (clock.now - start) / .seconds(1)
            if seconds > slowest.seconds { slowest = Slowest(number: number, seconds: seconds) }
        }
        report(taken, slowest)
        return taken
    }

    /// Tells `tools/fuzz` at which input this is, should it never come back from it.
    private func note(_ number: Int) {
        guard let progress else { return }
        let line = "\(kind) \(number)"
        try? progress.seek(toOffset: 0)
        try? progress.write(contentsOf: Data((line + String(repeating: " ", count: max(0, 40 - line.count))).utf8))
    }

    private func report(_ taken: Int, _ slowest: Slowest) {
        let milliseconds = (slowest.seconds * 1e6).rounded() / 1e3
        print(
            "fuzz \(kind): seed \(seed), \(numbers.count) inputs, \(taken) taken, \(numbers.count - taken) refused, "
                + "slowest \(milliseconds) ms (input \(slowest.number))")
    }
}

/// The seconds that a thread has computed for `body`, however long others kept it from the core.
package func threadSeconds(_ body: () throws -> Void) rethrows -> Double {
    func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    let start = now()
    try body()
    return now() - start
}
