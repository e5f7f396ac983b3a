import Engine

/// The sequences of one request, side by side, with all that may end them early.
struct Feed: Sendable {
    typealias Sequence = AsyncThrowingStream<GenerationEvent, any Error>

    var sequences: [Sequence]
    /// Opens when the client goes; `nil` where that cannot be seen.
    var departure: Latch?
    /// Opens when the server no longer waits for answers under way.
    var deadline: Latch
    var tickInterval: Duration

    /// Hands `body` what happens, and cancels all sequences when `body` is done with it.
    ///
    /// Items wait without bound for a slow `body`, but there are no more of them than the sequences' own output.
    func withItems<Value>(_ body: (AsyncStream<FeedItem>) async throws -> Value) async throws -> Value {
        let (items, inlet) = AsyncStream.makeStream(of: FeedItem.self)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for (choice, sequence) in sequences.enumerated() {
                group.addTask { await forward(sequence, choice: choice, to: inlet) }
            }
            if let departure {
                group.addTask {
                    await departure.wait()
                    inlet.yield(.failed(.clientLeft))
                }
            }
            group.addTask {
                await deadline.wait()
                inlet.yield(.failed(.shuttingDown))
            }
            group.addTask { try await tick(inlet) }
            defer { group.cancelAll() }
            return try await body(items)
        }
    }

    private func forward(_ sequence: Sequence, choice: Int, to inlet: AsyncStream<FeedItem>.Continuation) async {
        do {
            let record = RequestRecord.current
            for try await event in sequence {
                record?.note(event, of: choice)
                inlet.yield(.event(event, choice: choice))
                if case .finished = event { return }
            }
            // A stream that ends without saying so was cut off: by us, or by an engine that broke its promise.
            inlet.yield(.failed(Task.isCancelled ? .clientLeft : .unexpected))
        } catch {
            inlet.yield(.failed(APIError(error)))
        }
    }

    private func tick(_ inlet: AsyncStream<FeedItem>.Continuation) async throws {
        while true {
            try await Task.sleep(for: tickInterval)
            let seen = Latch()
            inlet.yield(.tick(seen: seen))
            await seen.wait()
            try Task.checkCancellation()
        }
    }
}

/// What happens to the sequences of one request, in the order of arrival.
enum FeedItem: Sendable {
    case event(GenerationEvent, choice: Int)
    case failed(APIError)
    /// Time went by. The next tick comes after this latch is opened, so that ticks cannot pile up before a slow reader.
    case tick(seen: Latch)
}
