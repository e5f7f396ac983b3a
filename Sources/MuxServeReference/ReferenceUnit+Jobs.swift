import Placement
import Quantities
import Scheduling
import Workloads

extension ReferenceUnit {
    enum Attempt {
        case started
        case needsShare
        case nothing
    }

    /// The most prompt tokens of a prefill.
    private static var batchedTokens: Int { 2048 }

    func hasRoom(for share: Share) -> Bool {
        max(0, Share.whole.tenths - committed) + Share.overload.tenths >= share.tenths
    }

    mutating func prefill(_ index: Int) -> Attempt {
        guard models[index].prefilling.isEmpty else { return .nothing }
        guard hasRoom(for: models[index].shares.prefill) else { return .needsShare }
        if models[index].waitsForCache { return .nothing }
        let pages = models[index].pagesPerBlock
        let room = models[index].limit - models[index].sequences
        var batch: [Int] = []
        var (tokens, blocks) = (0, 0)
        while batch.count < min(room, models[index].waiting.count) {
            let number = models[index].waiting[batch.count]
            let prompt = sequences[number].promptTokens
            if !batch.isEmpty, tokens + prompt > Self.batchedTokens { break }
            let taken = (prompt + 31) / 32
            guard taken * pages <= freePages else {
                models[index].waitsForCache = true
                break
            }
            freePages -= taken * pages
            sequences[number].blocks = taken
            tokens += prompt
            blocks += taken
            batch.append(number)
        }
        if batch.isEmpty { return .nothing }
        models[index].waiting.removeFirst(batch.count)
        models[index].prefilling = batch
        start(index, isPrefill: true, batch.count, tokens: tokens, newPages: blocks * pages)
        return .started
    }

    /// One step of the oldest running sequences. Where pages run out, the youngest of them are evicted.
    mutating func decode(_ index: Int) -> Attempt {
        guard models[index].decoding.isEmpty, !models[index].running.isEmpty else { return .nothing }
        guard hasRoom(for: models[index].shares.decode) else { return .needsShare }
        var batch = Array(models[index].running.prefix(models[index].limit))
        models[index].running.removeFirst(batch.count)
        let pages = models[index].pagesPerBlock
        var newBlocks = batch.reduce(0) { $0 + (sequences[$1].needsBlock ? 1 : 0) }
        while newBlocks * pages > freePages, let youngest = batch.popLast() {
            if sequences[youngest].needsBlock { newBlocks -= 1 }
            evict(youngest)
        }
        if batch.isEmpty { return .nothing }
        freePages -= newBlocks * pages
        var tokens = 0
        for number in batch {
            if sequences[number].needsBlock { sequences[number].blocks += 1 }
            tokens += sequences[number].length
        }
        models[index].decoding = batch
        models[index].batches.append(batch.count)
        start(index, isPrefill: false, batch.count, tokens: tokens, newPages: newBlocks * pages)
        return .started
    }

    private mutating func start(_ index: Int, isPrefill: Bool, _ count: Int, tokens: Int, newPages: Int) {
        let granted = isPrefill ? models[index].shares.prefill : models[index].shares.decode
        let share = dividesDevice ? granted.fraction : 1
        let length = Double(tokens) / Double(count)
        let time =
            isPrefill
            ? models[index].cost.prefill.time(batch: Double(count), length: length, share: share)
            : models[index].cost.decode.time(batch: Double(count), length: length, share: share)
        let cached = isPrefill ? 0 : Double(tokens)
        let work = models[index].profile.work(
            newTokens: Double(isPrefill ? tokens : count), cachedTokens: cached, readsCacheOf: cached)
        launch(
            ReferenceJob(
                model: index, isPrefill: isPrefill, tenths: granted.tenths,
                hostTime: host.time(
                    isPrefill: isPrefill, sequences: count, pagesPerDevice: Double(newPages) / Double(devices)),
                left: time,
                utilisation: Utilisation(
                    bytes: work.bytes, flops: work.flops, time: time, devices: devices, peak: .a100)))
    }

    mutating func finish(_ job: ReferenceJob) {
        committed -= job.tenths
        let batch = job.isPrefill ? models[job.model].prefilling : models[job.model].decoding
        var unfinished: [Int] = []
        unfinished.reserveCapacity(batch.count)
        for number in batch {
            sequences[number].generated += 1
            if job.isPrefill { sequences[number].prefillEnd = now }
            if sequences[number].generated < sequences[number].outputTokens {
                unfinished.append(number)
            } else {
                end(number)
            }
        }
        if job.isPrefill { models[job.model].prefilling = [] } else { models[job.model].decoding = [] }
        models[job.model].running = Self.merged(models[job.model].running, unfinished)
    }

    private mutating func end(_ number: Int) {
        sequences[number].finish = now
        release(number)
        forgetEvictions()
    }

    /// Lets prefills be tried again.
    mutating func forgetEvictions() {
        for index in models.indices {
            models[index].waitsForCache = false
            models[index].evictedInDecode = false
        }
    }

    private mutating func evict(_ number: Int) {
        release(number)
        sequences[number].generated = 0
        sequences[number].evictions += 1
        let index = sequences[number].model
        models[index].waiting.insert(number)
        models[index].waitsForCache = true
        models[index].evictedInDecode = true
    }

    private mutating func release(_ number: Int) {
        freePages += sequences[number].blocks * models[sequences[number].model].pagesPerBlock
        sequences[number].blocks = 0
    }

    private static func merged(_ a: [Int], _ b: [Int]) -> [Int] {
        guard let firstOfA = a.first, let firstOfB = b.first else { return a + b }
        if a[a.count - 1] < firstOfB { return a + b }
        if b[b.count - 1] < firstOfA { return b + a }
        return (a + b).sorted()
    }
}

/// A job of MuxServe's code on a modelled mesh.
struct ReferenceJob {
    let model: Int
    let isPrefill: Bool
    let tenths: Int
    /// What the host has left to do when the device is done.
    let hostTime: Seconds
    /// Seconds left on the device, as if alone.
    var left: Seconds
    let utilisation: Utilisation
    /// How much longer it takes beside what else is on the device now.
    var slowdown = 1.0

    func end(from now: Seconds) -> Seconds { now + left * slowdown }
}

extension [ReferenceJob] {
    /// Sets how much jobs side by side slow each other.
    mutating func stretch(by contention: Contention) {
        for (index, slowdown) in zip(indices, contention.slowdowns(of: map(\.utilisation))) {
            self[index].slowdown = slowdown
        }
    }
}
