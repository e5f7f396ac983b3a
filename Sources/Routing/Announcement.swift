package import Quantities

/// What a worker tells routers of itself, again and again: all that a router knows of it.
package struct Announcement: Sendable, Hashable, Codable {
    package enum State: String, Sendable, Hashable, Codable {
        case loading, ready
        /// It ends what it has, and takes nothing new.
        case draining
    }

    package var worker: Incarnation
    /// Where it is reached, without a path.
    package var url: String
    package var version: String
    package var state: State
    package var units: [String]
    /// The names under which it serves models, aliases among them.
    package var models: [String]
    /// Requests that it has, whoever sent them.
    package var requests: Int
    /// How long it is believed to live if it says nothing more.
    package var lease: Seconds

    /// Chosen: five times as long as from one announcement to the next, as a busy machine may keep some from being
    /// sent; shorter than clients wait.
    package static let usualLease: Seconds = 5

    package init(
        _ worker: Incarnation, url: String, version: String, state: State, units: [String] = [], models: [String],
        requests: Int = 0, lease: Seconds = usualLease
    ) {
        (self.worker, self.url, self.version, self.state) = (worker, url, version, state)
        (self.units, self.models, self.requests, self.lease) = (units, models, requests, lease)
    }
}

/// One life of a worker: a worker that is started again has a greater epoch, and routers hear no smaller one any more.
package struct Incarnation: Sendable, Hashable, Codable {
    package var name: String
    package var epoch: Int

    package init(name: String, epoch: Int) { (self.name, self.epoch) = (name, epoch) }
}

/// What a router answers.
package struct AnnouncementReply: Sendable, Hashable, Codable {
    /// Whether an operator wants the worker to take nothing new, or to take requests again; `nil` where nobody asked.
    package var drain: Bool?

    package init(drain: Bool? = nil) { self.drain = drain }
}

/// Why a router hears no announcement of a worker.
package enum AnnouncementRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// A later incarnation was heard, or this one has withdrawn.
    case fenced(name: String, epoch: Int)
    case wrongVersion(name: String, theirs: String, ours: String)
    /// A lease that is over before the next announcement comes, or that nobody would outlive.
    case wrongLease(name: String)

    package var description: String {
        switch self {
        case .fenced(let name, let epoch):
            "worker \(name): epoch \(epoch) is over; another process has taken its place, or it withdrew"
        case .wrongVersion(let name, let theirs, let ours):
            "worker \(name) is weft \(theirs), and this router is weft \(ours): run the same version on both"
        case .wrongLease(let name): "worker \(name): a lease must be between 1 and 60 seconds"
        }
    }
}
