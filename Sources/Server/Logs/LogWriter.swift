package import Engine
import Foundation
package import Logging
import Synchronization

/// Writes log lines from a thread of its own, so that a log that nobody reads stops nobody.
///
/// What does not fit into its buffer is dropped and counted; a line says how much, as soon as lines are taken again.
package final class LogWriter: Sendable {
    private struct State {
        /// What waits for the thread.
        var lines: [UInt8] = []
        /// The thread has taken lines and not written them all.
        var isWriting = false
        var dropped = 0
        /// Dropped lines that no line has told of.
        var untold = 0
    }

    private let descriptor: Int32
    private let capacity: Int
    private let state = Mutex(State())
    private let chosen = Mutex(LogConfiguration())
    private let ready = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - descriptor: what is written to; standard error if not given.
    ///   - capacity: bytes that may wait. By default about eight thousand lines, seconds of a busy server.
    package init(descriptor: Int32 = 2, capacity: Int = 1 << 20) {
        self.descriptor = descriptor
        self.capacity = capacity
        let thread = Thread { self.work() }
        thread.name = "weft log"
        thread.start()
    }

    /// What lines look like, and which are written; it may change at any time.
    package var settings: LogConfiguration {
        get { chosen.withLock { $0 } }
        set { chosen.withLock { $0 = newValue } }
    }

    /// Lines that were dropped since the start.
    package var dropped: Int { state.withLock { $0.dropped } }

    /// What `LoggingSystem` and `Logger` take.
    @Sendable package func handler(label: String) -> any LogHandler { LogLines(label: label, writer: self) }

    func add(_ line: String) {
        let isFirst = state.withLock { state in
            guard state.lines.count + line.utf8.count < capacity else {
                state.dropped += 1
                state.untold += 1
                return false
            }
            defer {
                state.lines.append(contentsOf: line.utf8)
                state.lines.append(UInt8(ascii: "\n"))
            }
            return state.lines.isEmpty
        }
        if isFirst { ready.signal() }
    }

    /// Returns when all lines are written, or after `limit`: who does not read now will not read later.
    package func flush(within limit: Duration) async {
        let end = ContinuousClock.now + limit
        while state.withLock({ !$0.lines.isEmpty || $0.isWriting }), ContinuousClock.now < end {
            // Chosen: asked often enough that the end of the program is not held up, seldom enough to cost nothing.
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    private func work() {
        // To write to a pipe that nobody reads any more shall fail, not end the program.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        while true {
            ready.wait()
            let lines = state.withLock { state in
                defer { state.lines = [] }
                state.isWriting = true
                return state.lines
            }
            write(lines)
            let untold = state.withLock { state in
                defer { state.untold = 0 }
                return state.untold
            }
            if untold > 0 {
                let line = LogLine(
                    level: .warning, logger: "weft", source: "Server", message: "\(untold) log lines were dropped")
                write(Array("\(line.written(settings.format))\n".utf8))
            }
            state.withLock { $0.isWriting = false }
        }
    }

    private func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, 1000)
            } else if errno != EINTR {
                // Nobody is there any more.
                return
            }
        }
    }
}

/// Makes a line of each event.
private struct LogLines: LogHandler {
    let label: String
    let writer: LogWriter
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    /// Of this logger alone.
    private var level: Logger.Level?

    init(label: String, writer: LogWriter) {
        self.label = label
        self.writer = writer
    }

    var logLevel: Logger.Level {
        get { level ?? writer.settings.level }
        set { level = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        all.merge(metadataProvider?.get() ?? [:]) { $1 }
        all.merge(event.metadata ?? [:]) { $1 }
        if let error = event.error { all["error"] = "\(error)" }
        let line = LogLine(
            level: event.level, logger: label, source: event.source, message: "\(event.message)", metadata: all)
        writer.add(line.written(writer.settings.format))
    }
}
