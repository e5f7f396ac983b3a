import Glibc
import Synchronization

/// The end of the process, which waits for what must not be torn apart by it.
enum ProcessEnd {
    private static let isOver = Mutex(false)

    /// Runs `body`, one at a time, and keeps the process from ending meanwhile.
    ///
    /// Never returns where the process is ending already: neither compilers nor what the caller holds of a driver can
    /// be touched while libraries end.
    static func delayed<Failure>(_ body: () throws(Failure) -> Void) throws(Failure) {
        // What was registered last is called first: before the ends of all libraries that compiled anything so far.
        // They may have been loaded since the last time, and make some of what they need when they first compile.
        atexit { ProcessEnd.isOver.withLock { $0 = true } }
        let isRun = try isOver.withLock { isOver throws(Failure) in
            if !isOver { try body() }
            return !isOver
        }
        // Not under the lock, which the end of the process takes once for each registration.
        while !isRun { pause() }
    }
}
