import ArgumentParser
import Engine
import Foundation
import Quantities
import Reporting

/// `weft ps`: what a running server does.
struct PsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps", abstract: "List the models of a running server, and what they do.",
        discussion: """
            `pages` are those that a model holds, and its quota; `tokens/s` is how fast one answer has come in the mean \
            since the model was loaded.
            """)

    @Option(help: "The server, or the address of its administration.")
    var url = RemoteServer.standardURL

    @Option(help: "A key with the right `admin`; by default $WEFT_API_KEY.")
    var apiKey: String?

    @Flag(help: "Print JSON.")
    var json = false

    private struct Row: Encodable {
        var model: String
        var unit: String
        var device: String
        /// `working`, `waiting`, `idle`, `missing` or `failed`.
        var state: String
        /// Why, where it is missing or failed.
        var reason: String?
        var held: Int?
        var quota: Int?
        var running: Int?
        var waiting: Int?
        var tokensPerSecond: Double?

        init(_ name: String, of unit: UnitStatus) {
            (model, self.unit, device) = (name, unit.name, unit.device)
            (state, reason) = ("failed", unit.failure)
        }

        init(_ model: UnitStatus.Model, of unit: UnitStatus) {
            self.init(model.name, of: unit)
            if unit.failure == nil { state = model.running > 0 ? "working" : model.waiting > 0 ? "waiting" : "idle" }
            (held, quota, running, waiting) = (model.held, model.quota, model.running, model.waiting)
            let times = model.counters.times.interToken
            if times.count > 0, times.sum > 0 { tokensPerSecond = Double(times.count) / times.sum }
        }
    }

    func run() async throws {
        let status = try await RemoteServer.with(url, apiKey: apiKey) { try await $0.status() }
        let rows = status.units.flatMap { unit in
            let missing = unit.missing.map { missing in
                var row = Row(missing.name, of: unit)
                (row.state, row.reason) = ("missing", missing.reason)
                return row
            }
            return unit.models.map { Row($0, of: unit) } + missing
        }
        guard !json else { return print(try rows.prettyJSON()) }
        guard !rows.isEmpty else { return print("no models at \(url)") }
        var table = TextTable(["model", "unit", "device", "state", "pages", "running", "waiting", "tokens/s"])
        for row in rows {
            let pages = row.held.flatMap { held in row.quota.map { "\(held)/\($0)" } }
            table.add([
                row.model, row.unit, row.device, row.state, pages ?? "", row.running.map(String.init) ?? "",
                row.waiting.map(String.init) ?? "", row.tokensPerSecond.map { String(format: "%.1f", $0) } ?? "",
            ])
        }
        print(table.text, terminator: "")
        for row in rows { if let reason = row.reason { print("\(row.model) is \(row.state): \(reason)") } }
    }
}
