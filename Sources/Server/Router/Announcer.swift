package import Engine
import Foundation
package import Logging
import NIOHTTP1
package import Routing
import ServiceLifecycle
import Synchronization

/// Tells routers once a second that this server is there, what it serves, and that it goes.
package struct Announcer: Service {
    package struct Settings: Sendable {
        /// URLs of routers.
        package var routers: [String]
        /// Where this server is reached; `nil` for the port says the one that it listens on.
        package var scheme: String
        package var host: String
        package var port: Int?
        /// Borne towards the routers.
        package var secret: String?
        package var version: String
        /// Models of the configuration, which are told of before they are loaded.
        package var models: [String]
        /// Other names of models, which a reload may change.
        package var aliases: AliasTable
        /// Name and epoch that whoever started this process gave it; its address and the machine's clock where absent.
        package var incarnation: Incarnation?

        package init(
            routers: [String], scheme: String, host: String, port: Int?, secret: String?, version: String,
            models: [String], aliases: AliasTable
        ) {
            (self.routers, self.scheme, self.host, self.port) = (routers, scheme, host, port)
            (self.secret, self.version, self.models, self.aliases) = (secret, version, models, aliases)
        }
    }

    private let settings: Settings
    private let administration: any ModelAdministration
    private let logger: Logger
    /// Greater than that of the process before, as clocks go; microseconds fit into any JSON reader's numbers.
    private let epoch = Int(Date().timeIntervalSince1970 * 1e6)
    private let state = State()

    /// Another process runs in place of this one, whose name and epoch were given.
    package struct Fenced: Error, CustomStringConvertible {
        package var description: String
    }

    private final class State: Sendable {
        let fence = Mutex<Fenced?>(nil)
        let port = Mutex<Int?>(nil)
        let isListening = Latch()
        let isDraining = Mutex(false)
    }

    package init(_ settings: Settings, of administration: any ModelAdministration, logger: Logger) {
        (self.settings, self.administration, self.logger) = (settings, administration, logger)
    }

    /// Must be called once, with the port that the server listens on; before that nothing is told.
    package func listening(on port: Int) {
        state.port.withLock { $0 = settings.port ?? port }
        state.isListening.open()
    }

    package func run() async throws {
        let client = WorkerClient()
        await cancelWhenGracefulShutdown {
            await state.isListening.wait()
            await withDiscardingTaskGroup { group in
                for router in settings.routers { group.addTask { await announce(to: router, client) } }
            }
        }
        if let fence = state.fence.withLock({ $0 }) {
            await client.shutdown()
            throw fence
        }
        // One that was fenced off by all routers serves on for those who know it.
        try? await gracefulShutdown()
        guard state.isListening.isOpen else { return await client.shutdown() }
        await withDiscardingTaskGroup { group in
            for router in settings.routers { group.addTask { await withdraw(from: router, client) } }
        }
        await client.shutdown()
    }

    private var address: String { "\(settings.host):\(state.port.withLock { $0 } ?? 0)" }

    private var worker: Incarnation { settings.incarnation ?? Incarnation(name: address, epoch: epoch) }

    /// Announces once a second; what becomes of it goes to the log when it changes. One whose name was given has its
    /// place taken everywhere if any router says so: it announces itself to none any more.
    private func announce(to router: String, _ client: WorkerClient) async {
        var outcome = ""
        while !Task.isCancelled, state.fence.withLock({ $0 == nil }) {
            let new = await announceOnce(to: router, client)
            if new.text != outcome, !Task.isCancelled {
                logger.log(level: new.isFault ? .error : .info, "\(new.text)", metadata: ["router": "\(router)"])
            }
            outcome = new.text
            if new.isFinal { return }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private struct Outcome {
        var text: String
        var isFault = true
        var isFinal = false
    }

    private func announceOnce(to router: String, _ client: WorkerClient) async -> Outcome {
        do {
            let body = try JSON.encode(await announcement)
            let answer = try await client.ask(
                .POST, router + RegistryRoutes.path, headers: WorkerClient.headers(bearing: settings.secret), body)
            switch answer.status {
            case 200:
                let reply = try JSONDecoder().decode(AnnouncementReply.self, from: answer.body)
                if let drain = reply.drain { state.isDraining.withLock { $0 = drain } }
                return Outcome(text: "announced", isFault: false)
            case 401:
                return Outcome(text: "the router does not know this server's secret: give both the same one")
            case 409:
                let text = "another process announces itself as \(worker.name), and this one stops: \(answer.message)"
                if settings.incarnation != nil { state.fence.withLock { $0 = Fenced(description: text) } }
                return Outcome(text: text, isFinal: true)
            default: return Outcome(text: "the router refuses this server: \(answer.message)")
            }
        } catch {
            return Outcome(text: "the router cannot be reached: \(WorkerClient.reason(error))")
        }
    }

    private func withdraw(from router: String, _ client: WorkerClient) async {
        let name = worker.name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? worker.name
        _ = try? await client.ask(
            .DELETE, router + "/registry?worker=\(name)&epoch=\(worker.epoch)",
            headers: WorkerClient.headers(bearing: settings.secret))
    }

    private var announcement: Announcement {
        get async {
            let status = await administration.status
            // Models of units that failed are not there until these are back.
            let units = status?.units.filter { $0.failure == nil } ?? []
            var models = status == nil ? settings.models : units.flatMap { $0.models.map(\.name) }
            models += settings.aliases.names.filter { models.contains($0.value) }.keys
            let isDraining = state.isDraining.withLock { $0 }
            return Announcement(
                worker, url: "\(settings.scheme)://\(address)", version: settings.version,
                state: isDraining ? .draining : status == nil ? .loading : .ready,
                units: status?.units.map(\.name) ?? [], models: Array(Set(models)).sorted(),
                requests: units.flatMap(\.models).reduce(0) { $0 + $1.waiting + $1.running })
        }
    }
}
