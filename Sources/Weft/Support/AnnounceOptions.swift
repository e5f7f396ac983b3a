import Access
import ArgumentParser
import Engine
import Foundation
import Logging
import Routing
import Server

/// How `weft serve` tells routers that it is there.
struct AnnounceOptions: ParsableArguments {
    @Option(help: "The URL of a router to announce this server to; may be given several times.")
    var announce: [String] = []

    @Option(help: "Where routers reach this server, HOST or HOST:PORT; needed where it listens beyond loopback.")
    var advertise: String?

    @Option(help: "A file with the secret that the routers have; without it $WEFT_ROUTE_SECRET.")
    var announceSecret: String?

    @Option(help: "With --announce: what routers call this server, by default its address; they hear one of a name.")
    var announceAs: String?

    @Option(help: "With --announce-as: grows with each start; who hears that a greater one runs ends with status 9.")
    var epoch: Int?

    func validate() throws {
        if let router = announce.first(where: { !WorkerURL.isValid($0) }) {
            throw ValidationError("--announce \(router): is no URL of a router, as http://10.0.0.1:8080")
        }
        if announce.isEmpty, advertise != nil { throw ValidationError("--advertise is for --announce") }
        if announce.isEmpty, announceAs != nil { throw ValidationError("--announce-as is for --announce") }
        if (announceAs == nil) != (epoch == nil) {
            throw ValidationError("--announce-as and --epoch go together: a name needs an order of those who bear it")
        }
        if let advertise, !WorkerURL.isValid("http://\(advertise)") {
            throw ValidationError("--advertise \(advertise): must be HOST or HOST:PORT")
        }
    }

    /// `nil` where there is none.
    func secret() throws -> String? { try RouteSecret.read(announceSecret) }

    /// `nil` where no router is named.
    func announcer(
        of fleet: Fleet, _ configuration: ServeConfiguration, _ aliases: AliasTable, scheme: String, logger: Logger
    ) throws -> Announcer? {
        guard !announce.isEmpty else { return nil }
        let address = configuration.host
        guard advertise != nil || AccessConfiguration.isLoopback(address) else {
            throw CommandError("--advertise is needed: \(address) does not say how routers reach this server")
        }
        let url = URLComponents(string: "http://\(advertise ?? address)")
        var settings = Announcer.Settings(
            routers: announce, scheme: scheme, host: url?.host ?? address, port: url?.port, secret: try secret(),
            version: weftVersion, models: configuration.units.flatMap { $0.models.map(\.name) },
            aliases: aliases)
        if let announceAs, let epoch { settings.incarnation = Incarnation(name: announceAs, epoch: epoch) }
        return Announcer(settings, of: fleet, logger: logger)
    }
}

/// The secret that routers and their workers share.
enum RouteSecret {
    static let variable = "WEFT_ROUTE_SECRET"

    /// Of a file, else of the environment; `nil` where there is none.
    ///
    /// - Throws: `CommandError` where the file cannot be read or the secret is short.
    static func read(_ file: String?) throws -> String? {
        let text = try file.map { try PlanningInputs.text($0) } ?? ProcessInfo.processInfo.environment[variable]
        guard let secret = text?.trimmingCharacters(in: .whitespacesAndNewlines) else { return nil }
        let source = file ?? "$\(variable)"
        guard secret.utf8.count >= KeyRing.shortestSecret else {
            throw CommandError("\(source): the secret has fewer than \(KeyRing.shortestSecret) characters")
        }
        guard secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw CommandError("\(source): the secret must be one word of ASCII")
        }
        return secret
    }
}
