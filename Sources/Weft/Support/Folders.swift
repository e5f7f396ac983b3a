import Foundation
import GGUF
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

    /// The model file that a user means: a path, or the name of a model in the folder of models.
    /// - Throws: `CommandError`, which lists the names there are.
    static func model(_ name: String) throws -> String {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: models)) ?? []
        var candidates = [name, "\(models)/\(name)", "\(models)/\(name).gguf"]
        if let first = PartName.first(of: name, among: files) { candidates.append("\(models)/\(first)") }
        var isFolder: ObjCBool = false
        for path in candidates where FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
            if !isFolder.boolValue { return path }
        }
        let names = PartName.models(among: files).joined(separator: ", ")
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
