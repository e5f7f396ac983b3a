/// Turns by which those who ask get equal parts of the tokens, however many requests each of them sends at once.
///
/// A request's turn is what its sender has asked for before, or what those who are served now have had, if that is
/// more: who asked for nothing for a while has saved nothing. Of one sender turns follow one another as requests come.
///
/// Source: start-time fair queueing (Goyal, Vin & Cheng 1996).
struct FairTurns: Sendable {
    /// The turn of the request that was taken last.
    private var now = 0.0
    /// The turn of the next request of each sender who has asked for more than that.
    private var next: [String: Double] = [:]

    /// Chosen: far more senders than wait at a time; those beyond have nothing to wait for.
    private static let pruned = 1024

    /// - Parameter cost: what the request asks for, in tokens.
    mutating func turn(of sender: String, cost: Int) -> Double {
        let turn = max(now, next[sender] ?? 0)
        next[sender] = turn + Double(cost)
        return turn
    }

    /// A request with this turn gets its pages.
    mutating func take(_ turn: Double) {
        now = max(now, turn)
        if next.count > Self.pruned { next = next.filter { $0.value > now } }
    }
}
