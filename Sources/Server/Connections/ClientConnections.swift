import NIOCore
import Synchronization

/// The open connections, each with a latch that opens when its client goes away.
///
/// Hummingbird notices a closed connection only when it reads the next request or writes; a generation must end sooner.
final class ClientConnections: Sendable {
    private let departures = Mutex<[ObjectIdentifier: Latch]>([:])

    func add(_ channel: any Channel, departure: Latch) {
        departures.withLock { $0[ObjectIdentifier(channel)] = departure }
    }

    func remove(_ channel: any Channel) {
        departures.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    /// The latch that opens when the client of `channel` goes; `nil` for a channel without a socket.
    func departure(of channel: any Channel) -> Latch? {
        departures.withLock { $0[ObjectIdentifier(channel)] }
    }
}
