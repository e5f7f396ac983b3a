package import GGUF

/// Why a model file cannot be served.
package enum ModelError: Error, Sendable, CustomStringConvertible {
    case file(GGUFError)
    case unsupportedArchitecture(String)
    /// The file contradicts itself, or asks for what the kernels cannot do.
    case unsupported(model: String, reason: String)

    package var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .unsupportedArchitecture(let name):
            "architecture '\(name)' is not supported (\(Network.architectures.joined(separator: ", ")) are)"
        case .unsupported(let model, let reason): "\(model): \(reason)"
        }
    }
}
