import Engine
import Foundation
import Hummingbird

/// Writes an answer piece by piece as server-sent events.
///
/// A write suspends while the client's connection is full, so that what a slow reader has not taken waits here.
struct EventStream: Sendable {
    var feed: Feed
    var format: any AnswerFormat
    var choicesPerPrompt: Int
    var includesUsage: Bool

    private struct ChoiceState {
        var hasText = false
        var textOffset = 0
        var usage: TokenUsage?
    }

    /// Writes all events up to `[DONE]`, or up to an error event when the answer breaks off.
    /// - Throws: when the client is gone.
    func write(to writer: inout any ResponseBodyWriter) async throws {
        try await feed.withItems { items in
            var choices = Array(repeating: ChoiceState(), count: feed.sequences.count)
            var wroteSinceTick = true
            for await item in items {
                switch item {
                case .event(let event, let choice):
                    try await writer.write(try self.event(of: event, choice: choice, state: &choices[choice]))
                    wroteSinceTick = true
                case .tick(let seen):
                    if !wroteSinceTick { try await writer.write(ByteBuffer(string: ": ping\n\n")) }
                    wroteSinceTick = false
                    seen.open()
                case .failed(let error) where error.isClientLeft:
                    throw error
                case .failed(let error):
                    return try await writer.write(try Self.event(ErrorBody(error)))
                }
                let usages = choices.compactMap(\.usage)
                if usages.count == choices.count { return try await end(usages, &writer) }
            }
        }
        try await writer.finish(nil)
    }

    private func event(of event: GenerationEvent, choice: Int, state: inout ChoiceState) throws -> ByteBuffer {
        let isFirst = !state.hasText
        state.hasText = true
        switch event {
        case .token(let token):
            let output = OutputToken(token: token, choice: choice, isFirst: isFirst, textOffset: state.textOffset)
            state.textOffset += token.text.count
            return try Self.event(format.chunk(output))
        case .finished(let reason, let usage):
            state.usage = usage
            return try Self.event(format.lastChunk(choice: choice, isFirst: isFirst, reason: reason))
        }
    }

    private func end(_ usages: [TokenUsage], _ writer: inout any ResponseBodyWriter) async throws {
        if includesUsage {
            try await writer.write(
                try Self.event(format.usageChunk(Usage(usages, perPrompt: choicesPerPrompt))))
        }
        try await writer.write(ByteBuffer(string: "data: [DONE]\n\n"))
    }

    private static func event(_ value: any Encodable) throws -> ByteBuffer {
        var event = ByteBuffer(string: "data: ")
        event.writeBytes(try JSON.encode(value))
        event.writeString("\n\n")
        return event
    }
}
