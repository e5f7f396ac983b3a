import ArgumentParser
import Compute
import Engine
import Foundation
import Kernels
import Logging
import Placement
import Scheduling
import Server
import ServiceLifecycle
import ShaderTesting
import Synchronization
import UnixSignals
import Yams

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the models of a configuration over HTTP.",
        discussion: "The server answers at once; requests get 503 and /ready says so until all models are loaded.")

    @Argument(help: "A configuration such as configs/two-models.yaml, or a plan that `weft plan` wrote.")
    var config: String

    @Option(help: "The unit of the plan to serve; needed where it has several.")
    var unit: String?

    @Option(help: "The address to listen on; overrides the configuration.")
    var host: String?

    @Option(help: "The port to listen on, 0 for any free one; overrides the configuration.")
    var port: Int?

    @Option(help: "The scheduling policy; overrides the configuration.")
    var policy: PolicyName?

    @OptionGroup var device: DeviceOption

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
        try outcome.get()
    }

    private func serve(_ log: LogWriter) async throws {
        var configuration = try Self.read(config, unit: unit)
        configuration.host = host ?? configuration.host
        configuration.port = port ?? configuration.port
        configuration.policy = policy ?? configuration.policy
        configuration.device = device.device ?? configuration.device
        try configuration.check()

        let logger = Logger(label: "weft")
        let descriptors = Self.raiseDescriptorLimit()
        let open = try OpenDevice(configuration.device)
        logger.info(
            "device",
            metadata: [
                "name": "\(open.device.description.name)", "is": "\(open.device.description.selector)",
                "because": "\(open.reason)",
            ])
        let engine = Engine(configuration, modelFolder: Folders.models, weightCache: Folders.weights, logger: logger)
        let (address, requestedPort) = (configuration.host, configuration.port)
        var settings = WeftServer.Configuration(host: address, port: requestedPort, version: weftVersion)
        // Devices, model files and probes need descriptors too.
        settings.connectionLimit = min(settings.connectionLimit, max(16, descriptors / 2))
        let server = WeftServer(
            engine, administration: engine, configuration: settings, logger: logger, log: log
        ) { port in logger.info("listening", metadata: ["url": "http://\(address):\(port)"]) }
        let loader = LoadService(engine: engine, device: open, name: configuration.device, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: server),
                    .init(service: loader, failureTerminationBehavior: .gracefullyShutdownGroup),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        try open.checkValidation()
    }

    /// Allows as many descriptors as the system grants, within reason: each connection takes one, and the usual limit of 1,024 is for
    /// programs that use `select`.
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

    /// Reads a configuration, or makes one of a plan, which is known by its units.
    ///
    /// - Throws: `CommandError` naming file and fault, `FileError`.
    static func read(_ path: String, unit: String? = nil) throws -> ServeConfiguration {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw CommandError("cannot read the configuration \(path)")
        }
        if let root = try? Yams.compose(yaml: text)?.mapping, root["units"] != nil {
            return try read(Plan(yaml: text, file: path), path, unit: unit)
        }
        if unit != nil { throw CommandError("\(path): --unit is for plans, and this is a configuration") }
        do {
            return try YAMLDecoder().decode(ServeConfiguration.self, from: text)
        } catch {
            throw CommandError("\(path): \(reason(error))")
        }
    }

    private static func read(_ plan: Plan, _ path: String, unit: String?) throws -> ServeConfiguration {
        do {
            let devices = try OpenDevice.devices().map { "\($0.selector)" }
            return try ServeConfiguration(plan, unit: unit, devices: devices) {
                URL(filePath: try Folders.model($0)).path
            }
        } catch let error as ConfigurationError {
            throw CommandError("\(path): \(error)")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as ConfigurationError: error.description
        case DecodingError.keyNotFound(let key, let context): "'\(key.stringValue)' is missing\(place(context))"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            (context.underlyingError.map { reason($0) } ?? context.debugDescription) + place(context)
        default: "\(error)"
        }
    }

    private static func place(_ context: DecodingError.Context) -> String {
        context.codingPath.isEmpty ? "" : " at \(context.codingPath.map(\.stringValue).joined(separator: "."))"
    }
}

/// Loads the models while the server already listens, then lives as long as it does.
private struct LoadService: Service {
    let engine: Engine
    let device: OpenDevice
    /// What the user asked for, by which the device is found again after it failed.
    let name: String?
    let logger: Logger

    func run() async throws {
        let progress = Progress("loading")
        let first = Mutex<OpenDevice?>(device)
        try await engine.load { [self] in
            let known = first.withLock { $0.take() }
            return try await tested(try known ?? OpenDevice(name))
        } progress: { model, share in
            progress.show(share, model)
        }
        logger.info("ready")
        try await gracefulShutdown()
    }

    /// - Throws: where the device computes wrongly: it must not serve.
    private func tested(_ open: OpenDevice) async throws -> any Device {
        let device = open.device
        try await LaneThread(name: "weft self-test").run { try SelfTest.run(KernelSet(device: device)) }
        logger.info("self-test passed")
        return device
    }
}
