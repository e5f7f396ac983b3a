import Engine
import Foundation
import Hummingbird

/// Writes an answer piece by piece as server-sent events, or as lines of JSON.
///
/// A write suspends while the client's connection is full, so that what a slow reader has not taken waits here.
struct EventStream: Sendable {
    var feed: Feed
    var format: any AnswerFormat
    var choicesPerPrompt: Int

    /// Writes all events up to the last, or up to an error event when the answer breaks off.
    /// - Throws: when the client is gone.
    func write(to writer: inout any ResponseBodyWriter) async throws {
        try await feed.withItems { items in
            var stream = format.stream(choices: feed.sequences.count)
            var usages = [TokenUsage?](repeating: nil, count: feed.sequences.count)
            var wroteSinceTick = true
            for await item in items {
                if case .failed(let error) = item { RequestRecord.current?.fail(error) }
                switch item {
                case .event(.token(let token), let choice):
                    try await writer.write(try bytes(stream.token(token, choice: choice)))
                    wroteSinceTick = true
                case .event(.finished(let reason, let usage), let choice):
                    usages[choice] = usage
                    try await writer.write(try bytes(stream.end(choice: choice, reason: reason)))
                    wroteSinceTick = true
                case .tick(let seen):
                    // No line of JSON could be told from a piece of the answer.
                    if !wroteSinceTick, format.framing == .events {
                        try await writer.write(ByteBuffer(string: ": ping\n\n"))
                    }
                    wroteSinceTick = false
                    seen.open()
                case .failed(let error) where error.isClientLeft:
                    throw error
                case .failed(let error):
                    return try await writer.write(try bytes([stream.failure(error)]))
                }
                let known = usages.compactMap(\.self)
                if known.count == usages.count {
                    let usage = Usage(known, perPrompt: choicesPerPrompt)
                    return try await writer.write(try bytes(stream.finish(usage)))
                }
            }
        }
        try await writer.finish(nil)
    }

    private func bytes(_ events: [ServerEvent]) throws -> ByteBuffer {
        var bytes = ByteBuffer()
        for event in events {
            switch format.framing {
            case .events:
                if let name = event.name { bytes.writeString("event: \(name)\n") }
                bytes.writeString("data: ")
                try write(event, to: &bytes)
                bytes.writeString("\n\n")
            case .lines:
                try write(event, to: &bytes)
                bytes.writeString("\n")
            }
        }
        return bytes
    }

    private func write(_ event: ServerEvent, to bytes: inout ByteBuffer) throws {
        if let data = event.data {
            bytes.writeBytes(try JSON.encode(data))
        } else {
            bytes.writeString("[DONE]")
        }
    }
}
