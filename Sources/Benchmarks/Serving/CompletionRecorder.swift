import Foundation
package import Quantities
package import Workloads

/// What is measured of one streamed completion: bytes and their times go in, a record comes out.
package struct CompletionRecorder {
    private var parser = EventStreamParser()
    private var usage: CompletionChunk.Usage?
    private var firstToken: Seconds?
    private var lastToken: Seconds?
    private var chunkCount = 0
    private var isFinished = false
    package private(set) var failure: RequestFailure?

    package init() {}

    /// Takes a piece of the answer's body that was there at `time`.
    package mutating func receive(_ bytes: some Sequence<UInt8>, at time: Seconds) {
        for event in parser.append(bytes) where failure == nil {
            if event == "[DONE]" {
                isFinished = true
            } else if let chunk = try? JSONDecoder().decode(CompletionChunk.self, from: Data(event.utf8)) {
                receive(chunk, at: time)
            } else {
                failure = .malformedEvent(String(event.prefix(100)))
            }
        }
    }

    /// Ends the answer with its stream, or with what broke it.
    package mutating func end(_ reason: RequestFailure? = nil) {
        failure = failure ?? reason ?? (isFinished ? nil : .brokenStream)
    }

    /// The record of `request`, with the tokens that the endpoint counted, where it counts.
    package func record(of request: Request) -> RequestRecord {
        RequestRecord(
            model: request.model, arrival: request.arrival, promptTokens: usage?.promptTokens ?? request.promptTokens,
            outputTokens: usage?.completionTokens ?? chunkCount, firstToken: firstToken,
            finish: failure == nil ? lastToken : nil)
    }

    private mutating func receive(_ chunk: CompletionChunk, at time: Seconds) {
        if let error = chunk.error {
            failure = .errorEvent(error.message)
            return
        }
        usage = chunk.usage ?? usage
        guard let choice = chunk.choices?.first else { return }
        // A piece without text is a token too, whose character is not complete yet; the last one only gives the reason.
        if choice.finishReason == nil || choice.text?.isEmpty == false {
            firstToken = firstToken ?? time
            chunkCount += 1
        }
        lastToken = time
        isFinished = isFinished || choice.finishReason != nil
    }
}

/// One event of a streamed completion, as far as it is measured.
private struct CompletionChunk: Decodable {
    struct Choice: Decodable {
        var text: String?
        var finishReason: String?

        enum CodingKeys: String, CodingKey {
            case text
            case finishReason = "finish_reason"
        }
    }

    struct Usage: Decodable {
        var promptTokens: Int
        var completionTokens: Int

        enum CodingKeys: String, CodingKey {
            case promptTokens = "prompt_tokens"
            case completionTokens = "completion_tokens"
        }
    }

    var choices: [Choice]?
    var usage: Usage?
    var error: EndpointFault?
}
