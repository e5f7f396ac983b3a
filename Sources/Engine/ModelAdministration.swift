/// What operators ask of an engine while it serves.
public protocol ModelAdministration: Sendable {
    /// Loads one more model; the others go on. Idle models that are not pinned make room where memory lacks.
    /// - Throws: `ConfigurationError`, `ModelError`, `ComputeError`, naming what is wrong with it.
    func load(_ model: ModelConfiguration) async throws -> ServedModel

    /// Unloads a model; its requests may end until `patience` is over. Returns when its memory is free.
    /// - Throws: `EngineError.modelNotFound`.
    func unload(_ name: String, patience: Duration) async throws

    /// `nil` before anything is reserved.
    var status: EngineStatus? { get async }
}
