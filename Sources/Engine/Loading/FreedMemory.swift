import Glibc

/// What was freed, and is still the process's.
///
/// Each thread of the C library frees into a heap of its own, which keeps it. A unit that is built anew has other
/// threads, and its driver's compiler too: of lavapipe 40 MB were seen to stay each time.
enum FreedMemory {
    /// glibc's; `nil` in other libraries.
    private static let trim = dlsym(nil, "malloc_trim").map {
        unsafeBitCast($0, to: (@Sendable @convention(c) (Int) -> CInt).self)
    }

    /// Gives it back to the system. Takes milliseconds.
    static func giveBack() { _ = trim?(0) }
}
