import ConfigurationFiles
import Engine
import Foundation
import HTTPTypes
import Hummingbird
import Logging

/// `/admin`: what operators ask of the engine while it serves.
struct AdminRoutes: Sendable {
    static let models = "/admin/models"
    /// Of the description of a model: far more than one takes, and little enough to be read as YAML, whose parser needs
    /// hundreds of bytes for each value.
    private static let mostBytes = 1 << 16

    var administration: any ModelAdministration
    var desk: Desk
    var log: LogWriter?
    var droppedSpans: (@Sendable () -> Int)?
    var drain: Drain
    /// Reads the configuration anew; `nil` where there is none.
    var reloading: (@Sendable (_ patience: Duration) async throws -> ReloadReport)?
    /// `nil` where models stay where they are.
    var replacer: Replacer?

    private struct Status: Encodable {
        var draining: Bool
        var units: [UnitStatus]
    }

    private struct Loaded: Encodable {
        var id: String
        var maxModelLen: Int
    }

    private struct Unloaded: Encodable { var id: String }

    /// How the units stand: pool, lanes, models.
    func status(_ request: Request, _ context: ServerContext) async throws -> Response {
        guard let status = await administration.status else { throw APIError.unavailable("The models are loading.") }
        return try Response(json: Status(draining: drain.isDraining, units: status.units))
    }

    /// Serves what the configuration says now; `?patience=SECONDS` as of `unload`.
    func reload(_ request: Request, _ context: ServerContext) async throws -> Response {
        let patience = try Self.patience(of: request)
        guard let reloading else {
            throw APIError.invalid(
                nil, "This server has no file of configuration that could be read again.", code: "no_configuration")
        }
        do { return try Response(json: try await reloading(patience)) } catch let error as EngineError {
            throw error
        } catch {
            throw APIError.invalid(nil, "\(error)".escapingControls, code: "invalid_configuration")
        }
    }

    /// Takes no more requests, and ends the program when those under way have ended, unless `?exit=false`.
    func beginDrain(_ request: Request, _ context: ServerContext) throws -> Response {
        let exits = try Self.flag("exit", of: request) ?? true
        context.logger.notice("draining", metadata: ["exit": "\(exits)"])
        return try Response(json: drain.begin(exits: exits))
    }

    /// Takes requests again.
    func endDrain(_ request: Request, _ context: ServerContext) throws -> Response {
        context.logger.notice("not draining any more")
        return try Response(json: drain.stop())
    }

    /// What is measured, where models are, and what was decided last.
    func placement(_ request: Request, _ context: ServerContext) async throws -> Response {
        try Response(json: try await moving().report())
    }

    /// Decides now what moves, and moves it unless `?dry_run=true`.
    func replace(_ request: Request, _ context: ServerContext) async throws -> Response {
        let replacer = try moving()
        let isDryRun = try Self.flag("dry_run", of: request) ?? false
        do {
            return try Response(json: try await replacer.decide(isDryRun: isDryRun, isAsked: true))
        } catch let error as EngineError {
            throw error
        } catch {
            throw APIError.invalid(nil, "\(error)".escapingControls, code: "invalid_costs")
        }
    }

    private func moving() throws(APIError) -> Replacer {
        guard let replacer else {
            throw APIError.invalid(
                nil, "This server's configuration has no `replacement`: models stay where they are.",
                code: "no_replacement")
        }
        return replacer
    }

    /// `nil` where it is not said.
    private static func flag(_ name: String, of request: Request) throws(APIError) -> Bool? {
        switch request.uri.queryParameters[Substring(name)].map(String.init) {
        case nil: nil
        case "true": true
        case "false": false
        default: throw APIError.invalid(name, "`\(name)` must be true or false.")
        }
    }

    private static func patience(of request: Request) throws(APIError) -> Duration {
        let text = request.uri.queryParameters["patience"].map(String.init) ?? "30"
        guard let patience = Double(text), (0...86_400).contains(patience) else {
            throw APIError.invalid("patience", "It must be a number of seconds, at most a day.")
        }
        return .seconds(patience)
    }

    /// Loads a model; the body has the keys of a model in a configuration. `?unit=NAME` says where, if there are
    /// several.
    func load(_ request: Request, _ context: ServerContext) async throws -> Response {
        let model: ModelConfiguration
        do {
            model = try await desk.work(onBodyOf: request, context) { body in
                guard body.count <= Self.mostBytes else {
                    throw APIError.bodyTooLarge(limit: Self.mostBytes, closesConnection: false)
                }
                return try ModelConfiguration(Field(body.json(), file: "body"))
            }
        } catch var error as FileError {
            error.field = error.field.abridged
            let field = error.field.isEmpty ? nil : error.field
            throw APIError.invalid(field, error.description.escapingControls, code: "invalid_model")
        }
        do {
            let served = try await administration.load(
                model, unit: request.uri.queryParameters["unit"].map(String.init))
            return try Response(json: Loaded(id: served.name, maxModelLen: served.contextLength))
        } catch let error as EngineError {
            throw error
        } catch {
            throw APIError.invalid(nil, "\(error)", code: "model_not_loaded")
        }
    }

    /// Unloads a model; `?patience=SECONDS` is how long its requests may go on, 30 if not given.
    func unload(_ request: Request, _ context: ServerContext) async throws -> Response {
        let escaped = String(request.uri.path.dropFirst(Self.models.count + 1))
        let name = escaped.removingPercentEncoding ?? escaped
        try await administration.unload(name, patience: try Self.patience(of: request))
        return try Response(json: Unloaded(id: name))
    }

    func metrics(_ request: Request, _ context: ServerContext) async throws -> Response {
        guard let status = await administration.status else { throw APIError.unavailable("The models are loading.") }
        let text = MetricsText(status, droppedLogLines: log?.dropped, droppedSpans: droppedSpans?()).text
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
