import Access
import ArgumentParser
import Compute
import ConfigurationFiles
import Engine
import Foundation
import GGUF
import Kernels
import Logging
package import Scheduling
import Server
import ServiceLifecycle
import ShaderTesting
import Synchronization
import Telemetry
import UnixSignals

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve models over HTTP.",
        discussion: """
            The server answers at once; requests get 503 and /ready says so until all models are loaded. Beyond loopback \
            it asks for keys (`weft keys new`), or for `insecure: true` in its configuration.

            The exit status is 2 or 64 where a restart would find the same fault, as in the configuration or a device that \
            is not there, and 9 where another process has taken this one's name (--announce-as).
            """)

    @Argument(
        help: """
            A configuration such as configs/two-models.yaml, a plan that `weft plan` wrote, or models.
            """)
    var sources: [String]

    @Option(help: "The only unit to serve of a configuration or plan with several.")
    var unit: String?

    @Option(help: "Which node of a plan this machine is: only that node's units are served.")
    var node: Int?

    @Option(help: "The address to listen on; overrides the configuration.")
    var host: String?

    @Option(help: "The port to listen on, 0 for any free one; overrides the configuration.")
    var port: Int?

    @Option(help: "The scheduling policy; overrides the configuration.")
    var policy: PolicyName?

    @Option(help: "How the log is written, text or json; overrides the configuration.")
    var logFormat: LogConfiguration.Format?

    @Option(
        help: "What is logged: trace, debug, info, notice, warning, error or critical; overrides the configuration.",
        transform: Self.level)
    var logLevel: Logger.Level?

    @Option(help: "A file of keys that clients must have; overrides the configuration.")
    var keys: String?

    @Flag(help: "Ask for no keys, whoever may reach the address.")
    var insecure = false

    @OptionGroup var device: DeviceOption

    @OptionGroup var announcing: AnnounceOptions

    func validate() throws {
        if sources.isEmpty { throw ValidationError("name a configuration, or models") }
        let ports = ServeConfiguration.ports
        if let port, !ports.contains(port) {
            throw ValidationError("--port must be between \(ports.lowerBound) and \(ports.upperBound)")
        }
    }

    func run() async throws {
        let log = LogWriter()
        LoggingSystem.bootstrap(log.handler)
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await serve(log))
        } catch {
            outcome = .failure(error)
        }
        await log.flush(within: .seconds(1))
        if case .failure(let error) = outcome, let exit = ServeExit(error) { throw exit.said(error) }
        try outcome.get()
        // Compilers and worker threads of drivers may be at work, and do not survive the destructors of their
        // libraries: lavapipe crashed there once, after everything had been served.
        _exit(EXIT_SUCCESS)
    }

    private func serve(_ log: LogWriter) async throws {
        let words = words, configuration = try words.configuration()
        log.settings = configuration.log
        let logger = Logger(label: "weft")
        var settings = try Self.settings(
            of: configuration, in: Self.folder(of: sources[0]), routerSecret: try announcing.secret(), logger: logger)
        let descriptors = Self.raiseDescriptorLimit()
        let devices = UnitDevices(logger: logger)
        for unit in configuration.units { try devices.prepare(unit) }
        let fleet = Fleet(
            configuration, modelFolder: Folders.models, weightCache: Folders.weights, tunings: Folders.usedTunings,
            logger: logger
        ) { try await devices.open($0) }
        let (address, scheme) = (configuration.host, settings.identity == nil ? "http" : "https")
        // Devices, model files and probes need descriptors too.
        settings.connectionLimit = min(settings.connectionLimit, max(16, descriptors / 2))
        let announcer = try announcing.announcer(
            of: fleet, configuration, settings.aliases, scheme: scheme, logger: logger)
        let file = Self.isConfiguration(sources[0]) ? sources[0] : nil
        let reloader = Reloader(
            serving: configuration, of: fleet, file: file, aliases: settings.aliases, log: log, logger: logger,
            read: { try words.configuration() })
        if file != nil { settings.reload = { try await reloader.reload(patience: $0) } }
        let replacer = try configuration.replacement.map { replacement in
            let costs = URL(filePath: replacement.costs, relativeTo: Self.folder(of: sources[0])).path
            return Replacer(replacement, costs: try PlanningInputs.costs(costs), fleet: fleet, logger: logger) {
                try await reloader.carryOut($0, as: $1)
            }
        }
        settings.replacer = replacer
        let exporter = Self.exporter(configuration.tracing, logger)
        if let exporter {
            settings.tracer = OTLPTracer(exporter: exporter, sample: configuration.tracing?.sample ?? 1)
            settings.droppedSpans = { exporter.dropped }
        }
        let (drained, end) = AsyncStream.makeStream(of: Void.self)
        settings.onDrained = { end.yield() }
        let server = WeftServer(
            fleet, administration: fleet, configuration: settings, logger: logger, log: log
        ) { port in
            logger.info("listening", metadata: ["url": "\(scheme)://\(address):\(port)"])
            announcer?.listening(on: port)
        }
        let loader = LoadService(fleet: fleet, logger: logger)
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: server),
            .init(service: loader, failureTerminationBehavior: .gracefullyShutdownGroup),
            .init(service: EndOfDrain(drained: drained), successTerminationBehavior: .gracefullyShutdownGroup),
            .init(service: HangUps(reloader: reloader)),
        ]
        // The first one ends last: when the server has told it all.
        if let exporter { services.insert(.init(service: exporter), at: 0) }
        if let replacer { services.append(.init(service: Replacements(replacer: replacer))) }
        // The last one ends first: routers send nothing more before the listener closes.
        if let announcer { services.append(.init(service: announcer)) }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        try devices.checkValidation()
    }

    private static func level(_ word: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: word) else {
            let words = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("must be one of \(words)")
        }
        return level
    }

    /// What the words of the command say.
    private var words: Words {
        Words(
            sources: sources, unit: unit, node: node, keys: keys, isInsecure: insecure, host: host, port: port,
            policy: policy, device: device.device, logFormat: logFormat, logLevel: logLevel)
    }

    /// The configuration that is asked for: read whenever that is wanted, with the options over it.
    private struct Words: Sendable {
        var sources: [String]
        var unit: String?
        var node: Int?
        var keys: String?
        var isInsecure: Bool
        var host: String?
        var port: Int?
        var policy: PolicyName?
        var device: String?
        var logFormat: LogConfiguration.Format?
        var logLevel: Logger.Level?

        func configuration() throws -> ServeConfiguration {
            var configuration = try ServeCommand.configuration(of: sources, unit: unit, node: node)
            configuration.host = host ?? configuration.host
            configuration.port = port ?? configuration.port
            configuration.access.keys = keys.map { URL(filePath: $0).path } ?? configuration.access.keys
            configuration.access.isInsecure = isInsecure || configuration.access.isInsecure
            configuration.log.format = logFormat ?? configuration.log.format
            configuration.log.level = logLevel ?? configuration.log.level
            if let policy { for index in configuration.units.indices { configuration.units[index].policy = policy } }
            if let device {
                guard configuration.units.count == 1 else {
                    throw CommandError("--device is for one unit, and there are \(configuration.units.count)")
                }
                configuration.units[0].devices = [device]
            }
            return configuration
        }
    }

    /// What sends spans to a collector; `nil` where neither the configuration nor the environment names one.
    private static func exporter(_ tracing: TracingConfiguration?, _ logger: Logger) -> SpanExporter? {
        guard
            var destination = SpanExporter.Destination(
                endpoint: tracing?.endpoint, environment: ProcessInfo.processInfo.environment)
        else { return nil }
        destination.version = weftVersion
        logger.info("tracing", metadata: ["collector": "\(destination.url)"])
        return SpanExporter(to: destination, logger: logger)
    }

    /// What paths in a configuration are relative to.
    static func folder(of file: String) -> URL { URL(filePath: file).deletingLastPathComponent() }

    /// How the server is reached, and by whom.
    ///
    /// - Parameters:
    ///   - folder: what paths of keys and certificates are relative to.
    ///   - routerSecret: what routers in front bear.
    static func settings(
        of configuration: ServeConfiguration, in folder: URL, routerSecret: String? = nil, logger: Logger
    ) throws -> WeftServer.Configuration {
        let access = configuration.access
        func path(_ file: String) -> String { URL(filePath: file, relativeTo: folder).path }
        var settings = WeftServer.Configuration(
            host: configuration.host, port: configuration.port, version: weftVersion)
        let control = try AccessControl(
            file: access.keys.map(path), environment: ProcessInfo.processInfo.environment,
            routerSecret: routerSecret, logger: logger)
        settings.access = control
        let hosts = [configuration.host] + (access.admin.map { [$0.host] } ?? [])
        if !control.hasKeys, !access.isInsecure, let host = hosts.first(where: { !AccessConfiguration.isLoopback($0) })
        {
            throw CommandError(
                "host: \(host) can be reached from other machines, and there are no keys; name a file of `keys`, set "
                    + "WEFT_API_KEYS, or say `insecure: true`")
        }
        settings.adminAddress = access.admin
        settings.identity = try access.tls.map {
            try ServerIdentity(certificate: path($0.certificate), key: path($0.key), logger: logger)
        }
        (settings.origins, settings.aliases) = (access.origins, AliasTable(access.aliases))
        return settings
    }

    /// Allows as many descriptors as the system grants, within reason: each connection takes one, and the usual limit
    /// of 1,024 is for programs that use `select`.
    ///
    /// - Returns: how many that are.
    private static func raiseDescriptorLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        // More than any limit of this server needs; without one, programs that this one starts may close them all.
        limit.rlim_cur = min(limit.rlim_max, 1 << 16)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(limit.rlim_cur)
    }

    /// Whether a source is a file of configuration, and not a model.
    private static func isConfiguration(_ source: String) -> Bool {
        [".yaml", ".yml", ".json"].contains { source.hasSuffix($0) }
    }

    /// Of a file of configuration, or of models by path or name.
    private static func configuration(
        of sources: [String], unit: String?, node: Int?
    ) throws -> ServeConfiguration {
        guard !isConfiguration(sources[0]) else {
            guard sources.count == 1 else {
                throw ValidationError("one configuration can be served, or several models")
            }
            return try read(sources[0], unit: unit, node: node)
        }
        var models: [ModelConfiguration] = []
        for source in sources {
            let path = URL(filePath: try Folders.model(source)).path
            models.append(ModelConfiguration(name: PartName.model(at: path), path: path))
        }
        if let name = Dictionary(grouping: models, by: \.name).first(where: { $0.value.count > 1 })?.key {
            throw ValidationError("two of the models are called '\(name)'; a configuration can name them")
        }
        return ServeConfiguration(units: [UnitConfiguration(models: models)])
    }

    /// Reads a configuration, or makes one of a plan.
    ///
    /// - Parameters:
    ///   - unit: the only unit that is wanted.
    ///   - node: the plan's node that this machine is.
    /// - Throws: `FileError`; `ValidationError` where the file cannot be read.
    static func read(_ path: String, unit: String? = nil, node: Int? = nil) throws -> ServeConfiguration {
        let root = try Field(PlanningInputs.text(path), file: path)
        guard ServeConfiguration.isPlan(root) else { return try ServeConfiguration(root, unit: unit) }
        return try ServeConfiguration(plan: root, unit: unit, node: node, devices: OpenDevice.selectorsByPreference()) {
            URL(filePath: try Folders.model($0)).path
        }
    }
}

/// Loads the models while the server already listens, then lives as long as it does.
private struct LoadService: Service {
    let fleet: Fleet
    let logger: Logger

    func run() async throws {
        let progress = Progress("loading")
        try await fleet.load { unit, model, share in progress.show(share, "\(unit) \(model)") }
        logger.info("ready")
        try await gracefulShutdown()
    }
}

/// Ends the program as SIGTERM does, when nothing is under way in a server that drains.
private struct EndOfDrain: Service {
    let drained: AsyncStream<Void>

    func run() async throws {
        for await _ in drained.cancelOnGracefulShutdown() { return }
    }
}

/// Reads the configuration anew on SIGHUP, where there is one; the end of a terminal ends the program else.
private struct HangUps: Service {
    let reloader: Reloader

    func run() async throws {
        guard reloader.file != nil else { return try await gracefulShutdown() }
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            // What is wrong stands in the log.
            _ = try? await reloader.reload(patience: Reloader.patience)
        }
    }
}

/// Moves models while they serve.
private struct Replacements: Service {
    let replacer: Replacer

    func run() async throws {
        await cancelWhenGracefulShutdown { await replacer.run() }
    }
}

/// The devices of units: opened before anything listens, tested before they serve, and opened anew after they failed.
private final class UnitDevices: Sendable {
    private let logger: Logger
    /// Opened, and not yet handed out.
    private let prepared = Mutex<[String: OpenMesh]>([:])
    private let all = Mutex<[OpenMesh]>([])

    init(logger: Logger) { self.logger = logger }

    /// Opens a unit's devices, so that a wrong name ends the program at once.
    func prepare(_ unit: UnitConfiguration) throws {
        let open = try OpenMesh(unit.devices)
        for device in open.devices {
            logger.info(
                "device",
                metadata: [
                    "unit": "\(unit.name)", "name": "\(device.device.description.name)",
                    "is": "\(device.device.description.selector)", "because": "\(device.reason)",
                ])
        }
        prepared.withLock { $0[unit.name] = open }
        all.withLock { $0.append(open) }
    }

    /// - Throws: where a device computes wrongly: it must not serve.
    func open(_ unit: UnitConfiguration) async throws -> Mesh {
        let known = prepared.withLock { $0.removeValue(forKey: unit.name) }
        // On a thread of its own: a driver may hang at this, and threads of tasks are few.
        let mesh = try await LaneThread(name: "weft self-test").run {
            let open = try known ?? OpenMesh(unit.devices)
            for device in open.devices { try SelfTest.run(KernelSet(device: device.device)) }
            return open.mesh
        }
        logger.info("self-test passed", metadata: ["unit": "\(unit.name)"])
        return mesh
    }

    /// - Throws: `CommandError` with what the validation layer complained of.
    func checkValidation() throws { for open in all.withLock({ $0 }) { try open.checkValidation() } }
}

extension PolicyName: ExpressibleByArgument {}
extension LogConfiguration.Format: ExpressibleByArgument {}
