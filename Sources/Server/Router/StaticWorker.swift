import Foundation
import NIOHTTP1
import Routing

/// A worker that does not announce itself: the router asks it, and announces it in its place.
///
/// How often it was started nobody knows, so that it has one epoch for ever.
struct StaticWorker: Sendable {
    let url: String
    let secret: String?
    let version: String
    let dispatcher: Dispatcher
    let client: WorkerClient

    private struct Version: Decodable { var version: String }

    private struct Models: Decodable {
        struct Card: Decodable { var id: String }
        var data: [Card]
    }

    private var name: String { url.split(separator: "/").last.map(String.init) ?? url }

    /// Asks once a second, until it is cancelled.
    func run() async throws {
        while true {
            do {
                if let announcement = try await probe() { _ = try dispatcher.announce(announcement) }
            } catch is AnnouncementRefusal {
                // The log says so.
            } catch {
                try Task.checkCancellation()
                dispatcher.complain("worker \(name) does not answer: \(WorkerClient.reason(error))")
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    private func probe() async throws -> Announcement? {
        let headers = WorkerClient.headers(bearing: secret)
        let ready = try await client.ask(.GET, url + "/ready")
        let theirs = try await client.ask(.GET, url + "/version")
        let list = try await client.ask(.GET, url + ModelRoutes.path, headers: headers)
        guard list.status == 200 else {
            dispatcher.complain("worker \(name) does not list its models: \(list.message)")
            return nil
        }
        let models = try JSONDecoder().decode(Models.self, from: list.body).data.map(\.id)
        let version = (try? JSONDecoder().decode(Version.self, from: theirs.body).version) ?? "of no known version"
        return Announcement(
            Incarnation(name: name, epoch: 0), url: url, version: version,
            state: ready.status == 200 ? .ready : .loading, models: models)
    }
}
