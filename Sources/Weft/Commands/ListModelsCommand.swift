import ArgumentParser
import Engine
import Foundation
import GGUF

/// `weft list`: the models in the folder of models.
struct ListModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the models in the folder of models.",
        discussion: "Files that are no models, or that weft cannot run, are listed with the reason.")

    @Flag(help: "Print JSON.")
    var json = false

    private struct Entry: Encodable {
        var name: String
        var architecture: String?
        var parameters: Int?
        var fileBytes: Int?
        var contextLength: Int?
        /// Why it cannot be run; absent where it can.
        var obstacle: String?

        init(_ name: String) {
            self.name = name
            do {
                let summary = try ModelSummary(GGUFFile(path: Folders.model(name)))
                (architecture, parameters, fileBytes) = (summary.architecture, summary.parameters, summary.fileBytes)
                (contextLength, obstacle) = (summary.contextLength, summary.obstacle)
            } catch {
                obstacle = "\(error)"
            }
        }
    }

    func run() throws {
        let entries = Folders.modelNames.map { Entry($0) }
        guard !json else { return print(try entries.prettyJSON()) }
        if entries.isEmpty { print("no models in \(Folders.models)") }
        let width = entries.map(\.name.count).max() ?? 0
        for entry in entries {
            let facts = [
                entry.architecture, entry.parameters.map { "\(ShowModelCommand.count($0)) parameters" },
                entry.fileBytes.map { ShowModelCommand.bytes($0) }, entry.contextLength.map { "\($0) tokens" },
                entry.obstacle,
            ]
            let name = entry.name.padding(toLength: width, withPad: " ", startingAt: 0)
            print(name + "  " + facts.compactMap { $0 }.joined(separator: ", "))
        }
    }
}

/// `weft remove`: deletes models from the folder of models.
struct RemoveModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Delete models from the folder of models, with all their parts.",
        discussion: "A server that serves one goes on; the file is gone when it ends.")

    @Argument(help: "Names of models, as `weft list` has them.")
    var models: [String]

    func run() throws {
        // All are there before any goes.
        let files = try models.map { name in
            let files = Folders.files(ofModel: name)
            guard !files.isEmpty else {
                throw CommandError(
                    "no model '\(name)' in \(Folders.models); there are \(Folders.modelNames.joined(separator: ", "))")
            }
            return files
        }
        for file in files.joined() {
            try FileManager.default.removeItem(atPath: file)
            print("removed \(file)")
        }
    }
}
