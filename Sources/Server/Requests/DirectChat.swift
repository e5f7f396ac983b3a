package import Chat
package import Engine
import Transformer

/// Chats with a model of this process, without HTTP between.
package struct DirectChat: Sendable {
    /// How answers are drawn.
    package struct Options: Sendable, Hashable {
        package var temperature: Double
        package var topP: Double
        package var maxTokens: Int?
        package var seed: Int64?

        package init(temperature: Double, topP: Double, maxTokens: Int? = nil, seed: Int64? = nil) {
            (self.temperature, self.topP, self.maxTokens, self.seed) = (temperature, topP, maxTokens, seed)
        }
    }

    /// Why there is no answer, in a sentence.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    private let generator: any TextGenerator
    private let model: String

    package init(_ generator: any TextGenerator, model: String) { (self.generator, self.model) = (generator, model) }

    /// What the model says next, piece by piece. Dropping the stream ends the sequence.
    ///
    /// - Throws: `Failure`, as the stream does.
    package func answer(
        to messages: [ChatMessage], _ options: Options
    ) async throws -> AsyncThrowingStream<ChatDelta, any Error> {
        let prompt: PreparedChat
        let events: AsyncThrowingStream<GenerationEvent, any Error>
        do {
            let model = try await Catalogue(of: generator).model(named: model)
            prompt = try ChatInput(messages: messages).prompt(for: model)
            var generation = GenerationOptions()
            generation.sampling.temperature = Float(options.temperature)
            generation.sampling.topP = Float(options.topP)
            (generation.maxTokens, generation.seed) = (options.maxTokens, options.seed)
            try generation.check(against: model)
            guard let request = try prompt.requests(generation, model: model).first else {
                preconditionFailure("a request for no choice")
            }
            events = try await generator.generate(request)
        } catch { throw Failure(description: APIError(error).message) }
        return AsyncThrowingStream { continuation in
            let work = Task {
                var reader = AnswerReader(prompt.reading)
                do {
                    for try await event in events {
                        guard case .token(let token) = event else { continue }
                        for delta in reader.append(token) { continuation.yield(delta) }
                    }
                    for delta in reader.finish() { continuation.yield(delta) }
                    continuation.finish()
                } catch { continuation.finish(throwing: Failure(description: APIError(error).message)) }
            }
            continuation.onTermination = { _ in work.cancel() }
        }
    }
}
