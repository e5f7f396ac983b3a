import Foundation
import GGUF
import Kernels
import Transformer

/// Where weft keeps what it can make again.
enum Folders {
    /// `$WEFT_CACHE`, by default `~/.cache/weft`.
    static var cache: String {
        ProcessInfo.processInfo.environment["WEFT_CACHE"] ?? NSHomeDirectory() + "/.cache/weft"
    }

    static var models: String { cache + "/models" }
    static var kernels: String { cache + "/kernels" }
    static var weights: WeightCache { WeightCache(folder: cache + "/weights") }
    /// What `weft tune` keeps.
    static var tunings: TuningCache { TuningCache(folder: cache + "/tuning") }
    /// The same for commands that use it; `nil` with `WEFT_TUNING=0`, for default shapes.
    static var usedTunings: TuningCache? { ProcessInfo.processInfo.environment["WEFT_TUNING"] == "0" ? nil : tunings }

    /// What the folder of models has.
    private static var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: models)) ?? [] }

    /// The models in the folder of models.
    static var modelNames: [String] { PartName.models(among: files) }

    /// All files of a model in the folder of models.
    static func files(ofModel name: String) -> [String] {
        files.filter { $0.hasSuffix(".gguf") && PartName.model(at: $0) == name }.sorted().map { "\(models)/\($0)" }
    }

    /// The model file that a user means: a path, or the name of a model in the folder of models.
    /// - Throws: `CommandError`, which lists the names there are.
    static func model(_ name: String) throws -> String {
        let files = files
        var candidates = [name, "\(models)/\(name)", "\(models)/\(name).gguf"]
        if let first = PartName.first(of: name, among: files) { candidates.append("\(models)/\(first)") }
        var isFolder: ObjCBool = false
        for path in candidates where FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
            if !isFolder.boolValue { return path }
        }
        let names = modelNames.joined(separator: ", ")
        throw CommandError("no model '\(name)': neither a file nor one of [\(names)] in \(models)")
    }
}

/// Ends a command with one clear line.
struct CommandError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

extension Network {
    /// - Throws: `CommandError` for a network that reads texts, and goes on with none.
    func requireGeneration() throws(CommandError) {
        guard pooling != nil else { return }
        throw CommandError("\(name) reads texts for their vectors or scores and generates none; it can only be served")
    }
}
