import KVCache
import Quantities
import Scheduling
import Testing
import Workloads

/// A unit driven as an engine would drive it, with a memory that really holds what jobs write to pages.
///
/// The "model" draws the next token as a hash of all tokens before it, read through the block table. A page lost,
/// shared wrongly or overwritten changes the tokens.
struct ScheduledWorld {
    struct Stream {
        var model: ModelID
        var prompt: [Int32]
        var output: [Int32] = []
        var limit: Int
        var preemptions = 0
        var all: [Int32] { prompt + output }
    }

    var unit: UnitScheduler
    var now: Seconds = 0
    var models: [ModelID] = []
    var streams: [RequestID: Stream] = [:]
    var completed: [RequestID: Stream] = [:]
    var failed: [RequestID: SequenceFailure] = [:]
    var cancelled = 0
    var unloaded: [ModelID] = []
    /// Passes at work, each of one job, as the unit has a lane for every job.
    var passes: [(pass: Pass, end: Seconds)] = []
    var jobCount = 0
    var memory: [PageID: [Int32]] = [:]
    var nextRequest: UInt64 = 0
    var keepsContents = true
    /// A digest of all decisions, where one is wanted.
    var trace: Digest?
    /// What the device knows of block tables: what passes have brought.
    private var sent: [BlockTableID: [PageID]] = [:]
    /// Makes a unit without models, and what models it has had.
    private let makeUnit: () -> UnitScheduler
    private var settings: [ModelID: ModelSettings] = [:]
    /// Seconds of a job of so many tokens.
    var duration: (Job) -> Seconds = { $0.phase == .prefill ? 0.005 + 0.0001 * Double($0.tokenCount) : 0.01 }

    init(pages: Int, pageBytes: Int = 1024, policy: any BatchPolicy, overload: Int = 0) {
        makeUnit = {
            UnitScheduler(pages: pages, pageBytes: pageBytes, policy: policy, overload: Share(overload))
        }
        unit = makeUnit()
    }

    mutating func load(_ settings: ModelSettings) throws {
        let model = try unit.load(settings)
        models.append(model)
        self.settings[model] = settings
    }

    /// The device fails, and all that is in its memory is gone: a unit with the same models goes on.
    mutating func fail() throws {
        let interruption = unit.interrupted(at: now)
        #expect(unit.state.audit() == [] && unit.state.requestCount == 0 && unit.state.kv.usage.held == 0)
        #expect(interruption.atWork.isSubset(of: interruption.requests.map(\.request)))
        apply(interruption.actions)
        (passes, memory, sent) = ([], [:], [:])
        unit = makeUnit()
        unit.advance(to: now)
        var names: [ModelID: ModelID] = [:]
        let before = (models: models, settings: settings)
        (models, settings) = ([], [:])
        for model in before.models {
            if let known = before.settings[model] { try load(known) }
            names[model] = models.last
        }
        let resumed = try interruption.requests.map { arrival in
            var arrival = arrival
            arrival.model = try #require(names[arrival.model])
            streams[arrival.request]?.model = arrival.model
            return arrival
        }
        apply(unit.resumed(resumed, at: now))
    }

    mutating func unload(_ model: ModelID) {
        models.removeAll { $0 == model }
        apply(unit.unload(model, at: now))
    }

    mutating func adjust(_ model: ModelID, to settings: ModelSettings) {
        apply(unit.adjust(model, to: settings, at: now))
    }

    @discardableResult
    mutating func send(
        _ model: ModelID, prompt: [Int32], maxTokens: Int, sender: Sender = Sender()
    ) -> RequestID {
        let request = RequestID(nextRequest)
        nextRequest += 1
        // What keeps nothing cannot go on.
        let maxTokens = unit.state.existing(model)?.settings.shape.hasPages == false ? 1 : maxTokens
        streams[request] = Stream(model: model, prompt: prompt, limit: maxTokens)
        var arrival = Arrival(
            request: request, model: model, promptTokens: prompt.count, maxTokens: maxTokens, prompt: prompt)
        arrival.sender = sender
        apply(unit.arrived(arrival, at: now))
        return request
    }

    /// Sends a request whose tokens nobody knows.
    mutating func send(_ model: ModelID, promptTokens: Int, maxTokens: Int) {
        let request = RequestID(nextRequest)
        nextRequest += 1
        streams[request] = Stream(model: model, prompt: [], limit: maxTokens)
        apply(
            unit.arrived(
                Arrival(request: request, model: model, promptTokens: promptTokens, maxTokens: maxTokens), at: now))
    }

    mutating func cancel(_ request: RequestID) {
        apply(unit.cancelled(request, at: now))
    }

    /// Lets the job that ends first end; `false` if none is at work.
    mutating func finishNextJob() -> Bool {
        guard let first = passes.indices.min(by: { passes[$0].end < passes[$1].end }) else { return false }
        let (pass, end) = passes.remove(at: first)
        now = end
        jobCount += 1
        var drawn: [DrawnToken] = []
        for row in pass.rows {
            if keepsContents {
                write(row, of: pass.model)
                checkWindow(row, of: pass.model)
            }
            guard row.drawsToken else { continue }
            let token = keepsContents ? draw(row) : 0
            drawn.append(DrawnToken(token))
            streams[row.request]?.output.append(token)
        }
        apply(unit.passFinished(pass.lane, drawn, at: now))
        return true
    }

    /// Runs until nothing is at work; `false` if that takes more than `limit` jobs.
    mutating func drain(limit: Int) -> Bool {
        let before = jobCount
        while jobCount - before < limit {
            if !finishNextJob() { return true }
        }
        return false
    }

    /// What the stream's model draws when it is alone.
    static func alone(_ stream: Stream) -> [Int32] {
        var tokens = stream.prompt
        for _ in 0..<stream.limit { tokens.append(next(tokens)) }
        return Array(tokens.dropFirst(stream.prompt.count))
    }

    private mutating func apply(_ actions: [Action]) {
        note(actions)
        for action in actions {
            switch action {
            case .run(let pass):
                passes.append((pass, now + duration(pass.jobs[0])))
                for update in pass.tables {
                    sent[update.table, default: []].removeSubrange(update.first...)
                    sent[update.table]?.append(contentsOf: update.pages)
                }
            case .preempt(let request): streams[request]?.preemptions += 1
            case .end(let request, let end):
                let stream = streams.removeValue(forKey: request)
                switch end {
                case .stop, .length: completed[request] = stream
                case .cancelled: cancelled += 1
                case .failed(let failure): failed[request] = failure
                }
            case .drained(let model): unloaded.append(model)
            }
        }
    }

    /// The same text for the same decisions, whatever the types that carry them.
    private mutating func note(_ actions: [Action]) {
        for action in actions {
            switch action {
            case .run: break
            case .preempt(let request): trace?.add("preempt \(request.number)\n")
            case .end(let request, let end):
                let word =
                    switch end {
                    case .stop, .length: "completed"
                    case .cancelled: "cancelled"
                    case .failed(.poolTooSmall(let needed, let pages)): "pool \(needed)/\(pages)"
                    case .failed(.modelUnloaded): "unloaded"
                    }
                trace?.add("end \(request.number) \(word)\n")
            case .drained(let model): trace?.add("drained \(model.index)\n")
            }
        }
        for case .run(let pass) in actions {
            for job in pass.jobs {
                trace?.add("run \(job.model.index) \(job.phase.rawValue) \(job.share.tenths)\n")
                for row in job.rows {
                    trace?.add(
                        "\(row.request.number):\(row.positions.lowerBound)-\(row.positions.upperBound) "
                            + "\(row.drawsToken) \(unit.state.kv[row.table].pages)\n")
                }
            }
        }
    }

    private mutating func write(_ row: RowSpan, of model: ModelID) {
        let table = unit.state.kv[row.table]
        #expect(sent[row.table] == table.pages, "the device knows other pages than the books")
        let tokens = streams[row.request]?.all ?? []
        let size = table.shape.tokensPerPage
        for position in row.positions {
            #expect(position / size >= table.sharedBlocks, "a shared page is written to")
            for page in table.pages(ofBlock: position / size) {
                memory[page, default: Array(repeating: -1, count: size)].resize(to: size)
                memory[page]?[position % size] = tokens[position] &* 64 &+ Int32(model.index)
            }
            for page in table.pages.prefix(table.shape.statePages) {
                let known = position == 0 ? [] : memory[page] ?? []
                #expect(known == Self.state(behind: position, of: tokens), "a state is lost before \(position)")
                memory[page] = Self.state(behind: position + 1, of: tokens)
            }
        }
    }

    /// Windowed layers have what the row reads, all rows of the pass being written.
    private func checkWindow(_ row: RowSpan, of model: ModelID) {
        let table = unit.state.kv[row.table], shape = table.shape, tokens = streams[row.request]?.all ?? []
        guard let window = shape.window else { return }
        for position in max(0, row.positions.lowerBound + 1 - window.tokens)..<row.positions.upperBound {
            let page = table.page(block: position / shape.tokensPerPage, layer: shape.layers.count - 1, kvHead: 0)
            let written = memory[page]?[position % shape.tokensPerPage]
            #expect(
                written == tokens[position] &* 64 &+ Int32(model.index),
                "\(position) was given back before \(row.positions)")
        }
    }

    /// What a page of a state holds: the last tokens, and how many there were.
    private static func state(behind count: Int, of tokens: [Int32]) -> [Int32] {
        count == 0 ? [] : [Int32(count)] + tokens[max(0, count - 4)..<count]
    }

    private func draw(_ row: RowSpan) -> Int32 {
        let table = unit.state.kv[row.table]
        let size = table.shape.tokensPerPage
        // All that it knows is what is in the pass.
        guard table.shape.hasPages else {
            return Self.next(
                (streams[row.request]?.prompt ?? []).enumerated().filter { row.positions.contains($0.offset) }.map(
                    \.element))
        }
        let head = Int(row.request.number) % table.shape.layers[0].kvHeads
        let tokens = (0..<row.positions.upperBound).map { position in
            (memory[table.page(block: position / size, layer: 0, kvHead: head)]?[position % size] ?? -64) >> 6
        }
        return Self.next(tokens)
    }

    private static func next(_ tokens: [Int32]) -> Int32 {
        var hash: UInt64 = 14_695_981_039_346_656_037
        for token in tokens { hash = (hash ^ UInt64(UInt32(bitPattern: token))) &* 1_099_511_628_211 }
        return Int32((hash >> 20) % 1000)
    }
}

extension [Int32] {
    fileprivate mutating func resize(to count: Int) {
        if self.count != count { self = Array(repeating: -1, count: count) }
    }
}
