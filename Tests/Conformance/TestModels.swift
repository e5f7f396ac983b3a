import Foundation

/// The real models, where `tools/setup` puts them.
enum TestModels {
    static let folder =
        (ProcessInfo.processInfo.environment["WEFT_CACHE"]
            ?? NSHomeDirectory() + "/.cache/weft") + "/models"

    static func path(_ name: String) -> String { "\(folder)/\(name).gguf" }
}
