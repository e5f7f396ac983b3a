import Engine
import Quantities
import Testing

/// What is noted of passes, for those who watch.
@Suite struct PassLogTests {
    private func pass(_ lane: Int, _ number: Int) -> PassRecord {
        PassRecord(
            unit: "u", lane: "\(lane)", model: "\(number)", phase: .decode, rows: 1, tokens: 1, start: Double(number))
    }

    /// However slow a reader is, it gets every pass once and in order, or learns how many it missed.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func readersMissNothingUntold(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let (capacity, most) = (Int.random(in: 1...40, using: &random), Int.random(in: 1...30, using: &random))
        var (log, begun, ended) = (PassLog(capacity: capacity), 0, [String]())
        var atWork: [Int: Int] = [:]
        var place: Int?
        var lost = 0
        for step in 0..<2000 {
            let lane = Int.random(in: 0..<4, using: &random)
            if let number = atWork.removeValue(forKey: lane) {
                log.end(unit: "u", lane: "\(lane)", at: Double(step))
                ended.append("\(number)")
            } else {
                log.begin(pass(lane, begun))
                atWork[lane] = begun
                begun += 1
            }
            guard Int.random(in: 0..<10, using: &random) == 0 else { continue }
            let reading = log.read(from: place, most: most)
            #expect(reading.ended.count <= min(most, capacity))
            let first = reading.next - reading.ended.count
            #expect(reading.ended.map(\.model) == Array(ended[first..<reading.next]))
            #expect(reading.lost == place.map { first - $0 } ?? 0)
            lost += reading.lost
            #expect(Set(reading.running.map(\.model)) == Set(atWork.values.map { "\($0)" }))
            place = reading.next
        }
        #expect(lost > 0 || capacity > 10)
    }

    @Test func aLaneHasOnePassAtATime() {
        var log = PassLog(capacity: 4)
        log.begin(pass(1, 0))
        // A lane that hung tells of no end; its unit was built anew.
        log.begin(pass(1, 5))
        log.end(unit: "u", lane: "1", at: 7)
        log.end(unit: "u", lane: "1", at: 8)
        let reading = log.read(from: nil, most: 10)
        #expect(reading.ended.map(\.seconds) == [2] && reading.running.isEmpty && reading.next == 1)
    }

    /// All that a unit computes is told of, and who it was for.
    @Test func unitsTellOfTheirPasses() async throws {
        let service = try await TinyService()
        var request = GenerationRequest(model: "b", prompt: (0..<70).map { TokenID($0 % 200) })
        request.maxTokens = 5
        request.ignoresEndOfText = true
        for try await _ in try await service.fleet.generate(request) {}
        let log = try #require(service.fleet.passes)
        // The client has its last token before the lane's pass is over.
        var reading = log.read(from: nil, most: 1000)
        while reading.ended.reduce(0, { $0 + $1.tokens }) < 74 {
            try await Task.sleep(for: .milliseconds(2))
            reading = log.read(from: nil, most: 1000)
        }
        #expect(reading.running.isEmpty)
        #expect(reading.ended.reduce(0) { $0 + $1.tokens } == 74)
        #expect(reading.ended.allSatisfy { $0.model == "b" && $0.rows == 1 && ($0.seconds ?? -1) > 0 })
        #expect(reading.ended.map(\.phase) == [.prefill, .prefill, .prefill, .decode, .decode, .decode, .decode])
        let lanes = try #require(await service.status).lanes.map(\.name)
        #expect(reading.ended.allSatisfy { lanes.contains($0.lane) })
        #expect(zip(reading.ended, reading.ended.dropFirst()).allSatisfy { $0.start <= $1.start })
    }
}
