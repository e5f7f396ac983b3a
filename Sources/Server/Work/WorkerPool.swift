import Compute
import DequeModule
import Foundation
import Synchronization

/// Threads for what holds up a thread for more than a few milliseconds: reading and writing large JSON, tokenising,
/// chat templates.
///
/// Swift's cooperative threads, of which there are as many as cores, stay free for streams and probes. Short work goes
/// before long work, and one thread is kept from long work altogether.
final class WorkerPool: Sendable {
    /// Work on so many bytes is done at once, where it is asked for: a tokeniser, the slowest of all, takes a
    /// millisecond a kilobyte at the worst, and to change threads takes longer than a short request.
    static let inlineBytes = 4 << 10
    /// Work on more bytes is long: a tenth of a second and more.
    static let longBytes = 64 << 10

    fileprivate struct Waiter {
        let id: Int
        let continuation: CheckedContinuation<LaneThread?, Never>
    }

    private struct State {
        var free: [LaneThread]
        var longRunning = 0
        var short: Deque<Waiter> = []
        var long: Deque<Waiter> = []
        var nextID = 0
    }

    private let longLimit: Int
    private let waitingLimit: Int
    private let state: Mutex<State>

    /// - Parameters:
    ///   - threads: at least two; by default half the cores, as devices that compute on cores want theirs.
    ///   - waitingLimit: more pieces of work are refused.
    init(
        threads: Int = max(2, ProcessInfo.processInfo.activeProcessorCount / 2), waitingLimit: Int
    ) {
        longLimit = threads - 1
        self.waitingLimit = waitingLimit
        state = Mutex(State(free: (0..<threads).map { LaneThread(name: "weft worker \($0)") }))
    }

    /// Runs `body`, on a thread of the pool where there is much to do.
    ///
    /// - Parameters:
    ///   - bytes: what there is to do, in bytes of text or JSON.
    ///   - isHeavy: it may take long whatever its bytes.
    ///   - departure: opens when nobody wants the result any more.
    /// - Throws: `APIError` with status 503 when too much waits; what `body` throws.
    func run<Result: Sendable>(
        bytes: Int, isHeavy: Bool = false, unless departure: Latch? = nil,
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        if bytes <= Self.inlineBytes && !isHeavy { return try body() }
        let isLong = bytes > Self.longBytes
        let thread = try await thread(isLong)
        defer { giveBack(thread, isLong) }
        if departure?.isOpen == true { throw APIError.clientLeft }
        return try await thread.run(body)
    }

    private func thread(_ isLong: Bool) async throws -> LaneThread {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let thread = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let refused = state.withLock { state in
                    guard !Task.isCancelled, state.short.count + state.long.count < waitingLimit else { return true }
                    if isLong {
                        state.long.append(Waiter(id: id, continuation: waiter))
                    } else {
                        state.short.append(Waiter(id: id, continuation: waiter))
                    }
                    return false
                }
                if refused { waiter.resume(returning: nil) } else { startNext() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.short.remove(id: id) ?? state.long.remove(id: id)
            }
            waiter?.continuation.resume(returning: nil)
        }
        if let thread { return thread }
        try Task.checkCancellation()
        throw APIError.busy("Too much work waits already.")
    }

    private func giveBack(_ thread: LaneThread, _ wasLong: Bool) {
        state.withLock { state in
            state.free.append(thread)
            if wasLong { state.longRunning -= 1 }
        }
        startNext()
    }

    private func startNext() {
        let start = state.withLock { state -> (Waiter, LaneThread)? in
            guard !state.free.isEmpty else { return nil }
            var next = state.short.popFirst()
            if next == nil, state.longRunning < longLimit {
                next = state.long.popFirst()
                if next != nil { state.longRunning += 1 }
            }
            return next.map { ($0, state.free.removeLast()) }
        }
        if let (waiter, thread) = start { waiter.continuation.resume(returning: thread) }
    }
}

extension Deque<WorkerPool.Waiter> {
    fileprivate mutating func remove(id: Int) -> WorkerPool.Waiter? {
        firstIndex { $0.id == id }.map { remove(at: $0) }
    }
}
