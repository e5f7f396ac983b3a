import NIOCore
import Synchronization

/// The open connections: how many there may be, who goes first, and a latch for each that opens when its client goes.
///
/// Hummingbird notices a closed connection only when it reads the next request or writes; a generation must end sooner.
final class ClientConnections: Sendable {
    private struct Entry {
        let channel: any Channel
        let departure: Latch
        /// `nil` while its client waits for an answer.
        var waitingSince: NIODeadline?
        /// It came when all places were taken, and may only ask how the server is.
        let isExtra: Bool
    }

    private let limit: Int
    private let reserve: Int
    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

    /// - Parameters:
    ///   - limit: connections for all that is served.
    ///   - reserve: connections besides that may only ask how the server is.
    init(limit: Int, reserve: Int) {
        self.limit = limit
        self.reserve = reserve
    }

    /// Takes a connection in; where all places are taken, the one goes that has waited longest for its client.
    ///
    /// - Returns: the latch that opens when the client goes; `nil` where there is no room.
    func add(_ channel: any Channel, at now: NIODeadline) -> Latch? {
        let (departure, idler) = entries.withLock { entries -> (Latch?, (any Channel)?) in
            let idler = entries.count < limit ? nil : Self.removeIdler(&entries)
            guard entries.count < limit + reserve else { return (nil, idler) }
            let entry = Entry(
                channel: channel, departure: Latch(), waitingSince: now, isExtra: entries.count >= limit)
            entries[ObjectIdentifier(channel)] = entry
            return (entry.departure, idler)
        }
        idler?.close(promise: nil)
        return departure
    }

    func remove(_ channel: any Channel) {
        entries.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    /// Notes since when a connection waits for its client; `nil` while its client waits.
    func note(_ channel: any Channel, waitingSince: NIODeadline?) {
        entries.withLock { $0[ObjectIdentifier(channel)]?.waitingSince = waitingSince }
    }

    /// Whether any client waits for an answer, or for the rest of one.
    var clientsWait: Bool { entries.withLock { $0.values.contains { $0.waitingSince == nil } } }

    /// Whether a connection may ask for more than how the server is.
    func hasPlace(_ channel: any Channel) -> Bool {
        entries.withLock { $0.count <= limit || $0[ObjectIdentifier(channel)]?.isExtra != true }
    }

    /// The latch that opens when the client of `channel` goes; `nil` for a channel without a socket.
    func departure(of channel: any Channel) -> Latch? {
        entries.withLock { $0[ObjectIdentifier(channel)]?.departure }
    }

    /// Closes the `count` connections that have waited longest for their clients.
    func closeIdlers(_ count: Int) {
        let idlers = entries.withLock { entries in (0..<count).compactMap { _ in Self.removeIdler(&entries) } }
        for channel in idlers { channel.close(promise: nil) }
    }

    func closeAll() {
        for entry in entries.withLock({ Array($0.values) }) { entry.channel.close(promise: nil) }
    }

    private static func removeIdler(_ entries: inout [ObjectIdentifier: Entry]) -> (any Channel)? {
        let waiting = entries.lazy.compactMap { id, entry in entry.waitingSince.map { (id: id, since: $0) } }
        guard let oldest = waiting.min(by: { $0.since < $1.since }) else { return nil }
        return entries.removeValue(forKey: oldest.id)?.channel
    }
}
