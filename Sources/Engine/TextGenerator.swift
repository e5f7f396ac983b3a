/// What serves language models: the seam between the HTTP server and the engine.
package protocol TextGenerator: Sendable {
    /// The models served, by name.
    var models: [ServedModel] { get async }

    /// `false` while models load or after shutdown began.
    var isReady: Bool { get async }

    /// Queues a sequence and returns its events as they happen.
    ///
    /// The sequence is freed when it ends, when the returned stream is dropped, or when the consuming task is
    /// cancelled. The stream throws `EngineError` when the sequence breaks off.
    /// - Throws: `EngineError` when the request cannot be admitted.
    func generate(_ request: GenerationRequest) async throws(EngineError) -> AsyncThrowingStream<
        GenerationEvent, any Error
    >
}
