import KVCache
import Placement
import Quantities
import Scheduling
import Simulation

/// A model in a unit of MuxServe's code, with its queues. Requests are numbered by arrival.
struct ReferenceModel {
    let name: String
    let profile: ModelProfile
    let cost: ModelCost
    let shares: PhaseShares
    /// Pages for 32 tokens of one sequence.
    let pagesPerBlock: Int
    /// The most sequences at once.
    var limit: Int
    /// What `limit` is rounded from, in pages: the quota that adaptation moves.
    var quota: Int

    var waiting = Backlog()
    /// At rest between two steps, oldest first.
    var running: [Int] = []
    var prefilling: [Int] = []
    var decoding: [Int] = []
    /// Had an eviction: no prefill until some request of the unit ends.
    var waitsForCache = false
    /// As `waitsForCache`, by a decode; `fcfs` then prefills nobody.
    var evictedInDecode = false
    /// The sizes of its latest decodes.
    var batches: [Int] = []

    /// Blocks that a sequence is taken to need, by a mean length of 416 tokens.
    static let assumedBlocks = 416 / 32

    init(_ model: SimulatedModel, quota: Int, limit: Int) {
        name = model.name
        profile = model.profile
        cost = model.cost
        shares = model.settings.shares
        pagesPerBlock = model.settings.shape.pagesPerBlock
        self.quota = quota
        self.limit = limit
    }

    var sequences: Int { running.count + decoding.count + prefilling.count }
    var oldestSequence: Int? { decoding.first ?? running.first }

    /// Requests that wait, oldest first; those that come back go to their place by number.
    struct Backlog {
        private var numbers: [Int] = []
        private var head = 0

        var count: Int { numbers.count - head }
        var first: Int? { count > 0 ? numbers[head] : nil }

        subscript(position: Int) -> Int { numbers[head + position] }

        mutating func append(_ number: Int) { numbers.append(number) }

        mutating func removeFirst(_ count: Int) {
            head += count
            guard head > 1024, head * 2 > numbers.count else { return }
            numbers.removeFirst(head)
            head = 0
        }

        mutating func insert(_ number: Int) {
            if head > 0, first.map({ $0 > number }) ?? true {
                head -= 1
                numbers[head] = number
            } else {
                var place = head
                while place < numbers.count, numbers[place] < number { place += 1 }
                numbers.insert(number, at: place)
            }
        }
    }
}
