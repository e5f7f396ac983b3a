import Glibc
import Synchronization

/// The end of the process, which waits for what must not be torn apart by it.
enum ProcessEnd {
    private static let isOver = Mutex(false)

    /// Registered when it is first needed, by when drivers are loaded: what is registered last is called first.
    private static let isWatched: Void = { atexit { ProcessEnd.isOver.withLock { $0 = true } } }()

    /// Runs `body`, one at a time, and keeps the process from ending meanwhile.
    ///
    /// Never returns where the process is ending already: neither compilers nor what the caller holds of a driver can
    /// be touched while libraries end.
    static func delayed<Failure>(_ body: () throws(Failure) -> Void) throws(Failure) {
        _ = isWatched
        try isOver.withLock { isOver throws(Failure) in
            while isOver { pause() }
            try body()
        }
    }
}
