import Placement
package import Quantities
import Workloads

/// One unit as MuxServe's code runs it, to compare with what was measured of that code.
///
/// It differs from Weft's scheduler in what made its figures: quotas are limits on sequences, pages are taken by the
/// youngest, an evicted request loses its tokens, shares are kept for a waiting prefill in every other tick only, and
/// the host's work counts by pages.
struct ReferenceUnit {
    var models: [ReferenceModel]
    let devices: Int
    let scheduler: ReferenceScheduler
    /// Whether jobs are held to their shares; without the daemon that sees to it, shares only say what starts.
    let dividesDevice: Bool
    let host: ReferenceHost
    let contention: Contention
    let tick: Seconds

    var sequences: [ReferenceSequence] = []
    var freePages: Int
    /// The tenths that jobs hold.
    var committed = 0
    var now: Seconds = 0
    var prefillTurn = 0
    var decodeTurn = 0
    var nextAdaptation: Seconds = 8
    private var onDevice: [ReferenceJob] = []
    private var onHost: [(end: Seconds, job: ReferenceJob)] = []

    init(
        _ models: [ReferenceModel], pages: Int, devices: Int, scheduler: ReferenceScheduler, dividesDevice: Bool,
        constants: PaperConstants
    ) {
        self.models = models
        self.devices = devices
        self.scheduler = scheduler
        self.dividesDevice = dividesDevice
        host = constants.host
        contention = constants.contention
        tick = constants.tick
        freePages = pages
    }

    var isIdle: Bool { onDevice.isEmpty && onHost.isEmpty }

    /// Serves requests to the end.
    ///
    /// - Parameter requests: By arrival; of this unit's models.
    /// - Returns: A record for each, in the same order.
    mutating func run(_ requests: [Request]) -> [RequestRecord] {
        let positions = Dictionary(uniqueKeysWithValues: models.enumerated().map { ($1.name, $0) })
        sequences = requests.map { request in
            ReferenceSequence(
                promptTokens: request.promptTokens, outputTokens: request.outputTokens,
                model: positions[request.model] ?? 0)
        }
        var next = 0
        var decision = Seconds.infinity
        while true {
            let arrival = next < requests.count ? requests[next].arrival : .infinity
            let device = Self.first(onDevice.indices) { onDevice[$0].end(from: now) }
            let result = Self.first(onHost.indices) { onHost[$0].end }
            let deviceDone = device.map { onDevice[$0].end(from: now) } ?? .infinity
            let resultDone = result.map { onHost[$0].end } ?? .infinity
            let event = min(min(arrival, deviceDone), min(resultDone, decision))
            if event == .infinity { return records(of: requests) }
            advance(to: max(now, event))
            if event == decision {
                decision = decide() ? .infinity : now + tick
                continue
            }
            if event == arrival {
                models[sequences[next].model].waiting.append(next)
                next += 1
            } else if event == deviceDone, let device {
                let job = onDevice.remove(at: device)
                onHost.append((now + job.hostTime, job))
                onDevice.stretch(by: contention)
            } else if let result {
                finish(onHost.remove(at: result).job)
            }
            decision = min(decision, (now / tick).rounded(.up) * tick)
        }
    }

    mutating func launch(_ job: ReferenceJob) {
        committed += job.tenths
        onDevice.append(job)
        onDevice.stretch(by: contention)
    }

    /// The position whose time comes first.
    private static func first(_ positions: Range<Int>, _ time: (Int) -> Seconds) -> Int? {
        var first: Int?
        var earliest = Seconds.infinity
        for position in positions {
            let time = time(position)
            if time < earliest { (first, earliest) = (position, time) }
        }
        return first
    }

    private mutating func advance(to time: Seconds) {
        for index in onDevice.indices { onDevice[index].left -= (time - now) / onDevice[index].slowdown }
        now = time
    }

    private func records(of requests: [Request]) -> [RequestRecord] {
        zip(requests, sequences).map { request, sequence in
            RequestRecord(
                model: request.model, arrival: request.arrival, promptTokens: request.promptTokens,
                outputTokens: sequence.generated, firstToken: sequence.prefillEnd, finish: sequence.finish,
                preemptions: sequence.evictions)
        }
    }
}

/// The schedulers of MuxServe's code that its measured runs used.
package enum ReferenceScheduler: String, Hashable, Sendable, Codable, CaseIterable {
    /// Models in turn, prefills before decodes, limits on sequences that follow the rates.
    case adbs
    /// The oldest request of all before any other, and at most 256 sequences of a model.
    case fcfs

    /// The `max_num_seqs` of all configurations, which only `fcfs` keeps to.
    static let sequenceLimit = 256
}

/// What MuxServe's Python and its allocator add to the device time of a job, while the job still holds its share.
package struct ReferenceHost: Hashable, Sendable, Codable {
    package var perPrefill: Seconds
    package var perDecode: Seconds
    package var perSequence: Seconds
    /// For each page (a head of a layer, 32 tokens) that the job takes on a device: identifiers are sent one by one.
    package var perPage: Seconds

    package init(perPrefill: Seconds, perDecode: Seconds, perSequence: Seconds, perPage: Seconds) {
        self.perPrefill = perPrefill
        self.perDecode = perDecode
        self.perSequence = perSequence
        self.perPage = perPage
    }

    func time(isPrefill: Bool, sequences: Int, pagesPerDevice: Double) -> Seconds {
        (isPrefill ? perPrefill : perDecode) + perSequence * Double(sequences) + perPage * pagesPerDevice
    }
}

/// A request in a unit of MuxServe's code.
struct ReferenceSequence {
    let promptTokens: Int
    let outputTokens: Int
    let model: Int
    /// Tokens drawn; an eviction loses them.
    var generated = 0
    /// Blocks of 32 tokens that it holds.
    var blocks = 0
    var prefillEnd: Seconds?
    var finish: Seconds?
    var evictions = 0

    /// Tokens whose keys and values the next step reads and writes.
    var length: Int { promptTokens + generated }
    /// Whether that step takes another block.
    var needsBlock: Bool { length > blocks * 32 }
}
