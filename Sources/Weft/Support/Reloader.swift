import Access
import ConfigurationFiles
import Engine
import Logging
import Placement
import Server

/// Has a fleet serve what its configuration says now, each time that it is told to.
actor Reloader {
    /// How long requests of models that go may go on after SIGHUP. Chosen: what `/admin` gives them.
    static let patience = Duration.seconds(30)
    /// The same after a move, which nobody waits for. Chosen: longer than an answer takes.
    private static let patienceOfMoves = Duration.seconds(600)

    /// Named in faults; `nil` where there is nothing to read.
    nonisolated let file: String?
    private var served: ServeConfiguration
    private let fleet: Fleet
    private let aliases: AliasTable
    private let log: LogWriter
    private let logger: Logger
    private let read: @Sendable () throws -> ServeConfiguration
    /// The reload or move under way: one at a time.
    private var last: Task<Void, any Error>?

    /// - Parameter read: what is to be served now.
    init(
        serving served: ServeConfiguration, of fleet: Fleet, file: String?, aliases: AliasTable, log: LogWriter,
        logger: Logger, read: @escaping @Sendable () throws -> ServeConfiguration
    ) {
        (self.served, self.fleet, self.file, self.aliases) = (served, fleet, file, aliases)
        (self.log, self.logger) = (log, logger)
        self.read = read
    }

    /// - Parameter patience: how long requests of models that go may go on.
    /// - Throws: what is wrong; then everything serves on as before. The log has it too.
    func reload(patience: Duration) async throws -> ReloadReport {
        try await serialized { try await self.reloadNow(patience) }
    }

    /// Moves a model between reloads: the next one begins from where it is then.
    ///
    /// - Throws: why it stays where it is.
    func carryOut(_ move: ModelMove, as model: ModelConfiguration) async throws {
        try await serialized { try await self.carryOutNow(move, model) }
    }

    private func serialized<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let before = last
        let task = Task {
            _ = await before?.result
            return try await body()
        }
        last = Task { _ = try await task.value }
        return try await task.value
    }

    private func carryOutNow(_ move: ModelMove, _ model: ModelConfiguration) async throws {
        try await fleet.carryOut(move, as: model, patience: Self.patienceOfMoves)
        for index in served.units.indices {
            let name = served.units[index].name
            if name == move.source { served.units[index].models.removeAll { $0.name == move.model } }
            if name == move.destination { served.units[index].models.append(model) }
        }
    }

    private func reloadNow(_ patience: Duration) async throws -> ReloadReport {
        do {
            let new = try read()
            let faults = ConfigCommand.Check.faults(of: new, in: ServeCommand.folder(of: file ?? ""))
            guard faults.isEmpty else { throw ConfigurationError(faults.joined(separator: "; ")) }
            let report = ReloadReport(try await fleet.reload(from: served, to: new, patience: patience))
            aliases.names = new.access.aliases
            log.settings = new.log
            served = new
            logger.info("configuration reloaded", metadata: ["changes": .array(report.lines)])
            return report
        } catch {
            // Faults of form name the file themselves.
            let reason = error is FileError ? "\(error)" : "\(file ?? ""): \(error)"
            logger.error("configuration not reloaded, all serves on as before", metadata: ["reason": "\(reason)"])
            guard error is ConfigurationError else { throw error }
            throw ConfigurationError(reason)
        }
    }
}

extension ReloadReport {
    /// For people.
    fileprivate var lines: [Logger.MetadataValue] {
        changes.map { change in
            let fields = change.fields.isEmpty ? "" : " (\(change.fields.joined(separator: ", ")))"
            return "\(change.change) \(change.model ?? "unit \(change.unit)")\(fields)"
        } + fields.map { "adjusted \($0)" }
    }
}
