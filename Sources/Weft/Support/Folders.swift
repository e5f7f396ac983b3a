import Foundation
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

    /// The model file that a user means: a path, or the name of a file in the folder of models.
    /// - Throws: `CommandError`, which lists the names there are.
    static func model(_ name: String) throws -> String {
        let candidates = [name, "\(models)/\(name)", "\(models)/\(name).gguf"]
        var isFolder: ObjCBool = false
        for path in candidates where FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
            if !isFolder.boolValue { return path }
        }
        let known = (try? FileManager.default.contentsOfDirectory(atPath: models)) ?? []
        let names = known.filter { $0.hasSuffix(".gguf") }.map { String($0.dropLast(5)) }.sorted()
        throw CommandError(
            "no model '\(name)': neither a file nor one of [\(names.joined(separator: ", "))] in \(models)")
    }
}

/// Ends a command with one clear line.
struct CommandError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
