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
        case .unsupportedArchitecture(let name): "architecture '\(name)' is not supported (only 'llama' is)"
        case .unsupported(let model, let reason): "\(model): \(reason)"
        }
    }
}

extension ModelError {
    init(_ error: any Error, model: String) {
        self = (error as? GGUFError).map(Self.file) ?? .unsupported(model: model, reason: "\(error)")
    }
}
