import Glibc
import Synchronization

/// The end of the process, which waits for what must not be torn apart by it.
enum ProcessEnd {
    private static let isOver = Mutex(false)

    /// Registered when it is first needed, by when drivers are loaded: what is registered last is called first.
    private static let isWatched: Void = { atexit { ProcessEnd.isOver.withLock { $0 = true } } }()

    /// Runs `body`, one at a time, and keeps the process from ending meanwhile.
    /// - Returns: `true` where the process is ending, and `body` was not run.
    static func delayed<Failure>(_ body: () throws(Failure) -> Void) throws(Failure) -> Bool {
        _ = isWatched
        return try isOver.withLock { isOver throws(Failure) in
            if !isOver { try body() }
            return isOver
        }
    }
}
