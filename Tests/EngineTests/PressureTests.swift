import Engine
import Foundation
import Quantities
import Scheduling
import Testing

/// Thousands of seeded random arrivals, cancellations, loads and unloads with a pool ten times too small: every request
/// that survives gets the tokens that it gets alone, and nothing is left at the end.
@Suite(.serialized)
struct PressureTests {
    private static let arrivals = 2400
    private static let longest = 24

    private struct Random {
        var state: UInt64
        mutating func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
    }

    /// Prompts that share beginnings, of up to 170 tokens.
    private static func prompt(_ number: Int) -> [Int32] {
        (0..<(3 + number * 13 % 168)).map { Int32(($0 * 31 + (number % 3) * 17) % 256) }
    }

    @Test("Fault 19: survivors get their own tokens", arguments: [UInt64(1), 2])
    func survivorsGetTheirOwnTokens(_ seed: UInt64) async throws {
        let service = try await TinyService(poolMegabytes: 1, device: "opencl")
        var model = try service.write("c", headSize: 32, seed: 9)
        model.kvType = .q8_0
        let guest = model
        _ = try await service.fleet.load(guest, unit: nil)
        var alone: [String: [[Int32]]] = [:]
        for model in ["a", "b", "c"] {
            for number in 0..<20 {
                let tokens = try await service.tokens(of: model, after: Self.prompt(number), count: Self.longest)
                alone[model, default: []].append(tokens)
            }
        }
        let expected = alone
        var random = Random(state: seed)
        var counts = (whole: 0, dropped: 0, refused: 0)
        var change: Task<Void, any Error>?
        try await withThrowingTaskGroup(of: Ending.self) { group in
            var running = 0
            for arrival in 0..<Self.arrivals {
                let (model, number) = (["a", "b", "c"][random.below(3)], random.below(20))
                let length = 1 + random.below(Self.longest)
                let drops = random.below(6) == 0 ? random.below(length) : nil
                group.addTask {
                    try await service.ending(
                        of: model, after: Self.prompt(number), count: length, drops: drops,
                        expected: expected[model]?[number] ?? [])
                }
                running += 1
                if arrival % 300 == 150 {
                    // One after the other: a busy machine may not be done with the one before.
                    let next = Task { [change] in
                        try await change?.value
                        try await service.fleet.unload("c", patience: .milliseconds(5))
                        _ = try await service.fleet.load(guest, unit: nil)
                    }
                    change = next
                    group.addTask {
                        try await next.value
                        return .change
                    }
                    running += 1
                }
                // About ten times what the pool holds is under way.
                while running > 160 {
                    count(try await group.next(), &counts)
                    running -= 1
                }
            }
            for try await ending in group { count(ending, &counts) }
        }
        #expect(counts.whole > Self.arrivals / 2 && counts.dropped > 0 && counts.refused > 0, "\(counts)")
        let preemptions = try #require(await service.status).models.reduce(0) { $0 + $1.counters.preemptions }
        #expect(preemptions > 0, "the pool was large enough")
        try await service.expectEmptyPool()
    }

    private func count(_ ending: Ending?, _ counts: inout (whole: Int, dropped: Int, refused: Int)) {
        switch ending {
        case .whole: counts.whole += 1
        case .dropped: counts.dropped += 1
        case .refused: counts.refused += 1
        case .change, nil: break
        }
    }
}

/// How a request ended.
private enum Ending: Sendable { case whole, dropped, refused, change }

extension TinyService {
    /// Follows a request to its end, or drops it after some tokens; only a model that is being unloaded may refuse it.
    fileprivate func ending(
        of model: String, after prompt: [Int32], count: Int, drops: Int?, expected: [Int32]
    ) async throws -> Ending {
        var request = GenerationRequest(model: model, prompt: prompt)
        request.maxTokens = count
        request.ignoresEndOfText = true
        var tokens: [Int32] = []
        do {
            for try await case .token(let token) in try await fleet.generate(request) {
                tokens.append(token.id)
                if tokens.count == drops { return .dropped }
            }
        } catch let error as EngineError {
            guard model == "c" else { throw error }
            #expect(tokens == Array(expected.prefix(tokens.count)))
            return .refused
        }
        #expect(tokens == Array(expected.prefix(count)), "\(model) after \(prompt.count) tokens")
        return .whole
    }
}
