import Engine
import Logging
import Server
import ServiceLifecycle

/// Runs a listening server while `body` talks to its port.
@discardableResult
func serving<Value: Sendable>(
    _ generator: ScriptedGenerator, administration: (any ModelAdministration)? = nil, log: Logger = .silent,
    configure: (inout WeftServer.Configuration) -> Void = { _ in },
    _ body: @Sendable (_ port: Int, _ services: ServiceGroup) async throws -> Value
) async throws -> Value {
    var configuration = WeftServer.Configuration(port: 0)
    configuration.shutdownTimeout = .milliseconds(100)
    configure(&configuration)
    let (ports, running) = AsyncStream.makeStream(of: Int.self)
    let server = WeftServer(
        generator, administration: administration, configuration: configuration, logger: log
    ) { running.yield($0) }
    let services = ServiceGroup(configuration: .init(services: [server], logger: .silent))
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { running.finish() }
            try await services.run()
        }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else { throw ServerDidNotStart() }
        let value = try await body(port, services)
        await services.triggerGracefulShutdown()
        try await group.waitForAll()
        return value
    }
}

struct ServerDidNotStart: Error {}

/// Waits until `condition` holds; the test's time limit ends it when it never does.
func eventually(_ condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(2)) }
}
