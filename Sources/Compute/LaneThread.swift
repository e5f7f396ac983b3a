import Foundation
import Synchronization

/// A thread of its own for calls that block, so that Swift's cooperative threads never do.
///
/// Work runs in the order in which it was given. The thread ends when the last holder lets go.
package final class LaneThread: Sendable {
    private let queue = WorkQueue()

    /// - Parameter yields: whether its work leaves the cores to other threads that want them.
    package init(name: String, yields: Bool = false) {
        let queue = queue
        let thread = Thread {
            // Linux does this to the thread alone. Chosen: a tenth of what a thread gets that does not yield.
            if yields { _ = nice(10) }
            queue.work()
        }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    deinit { queue.close() }

    /// Runs `body` on the thread.
    package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.add { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}

/// Work that waits for its thread.
private final class WorkQueue: Sendable {
    private struct State {
        var items: [@Sendable () -> Void] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let ready = DispatchSemaphore(value: 0)

    func add(_ item: @escaping @Sendable () -> Void) {
        state.withLock { $0.items.append(item) }
        ready.signal()
    }

    func close() {
        state.withLock { $0.isClosed = true }
        ready.signal()
    }

    func work() {
        while true {
            ready.wait()
            let (items, isClosed) = state.withLock { state in
                defer { state.items = [] }
                return (state.items, state.isClosed)
            }
            for item in items { item() }
            if isClosed { return }
        }
    }
}
