import Engine

/// What happens to the sequences of one request, in the order of arrival.
enum FeedItem: Sendable {
    case event(GenerationEvent, choice: Int)
    case failed(APIError)
    /// Time went by. The next tick comes after this latch is opened, so that ticks cannot pile up before a slow reader.
    case tick(seen: Latch)
}
