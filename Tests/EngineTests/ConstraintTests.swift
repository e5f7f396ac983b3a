import Engine
import Foundation
import Grammar
import Quantities
import Testing
import Transformer

/// Models of random weights, whose texts are noise but where a grammar says otherwise.
@Suite(.serialized)
struct ConstraintTests {
    private struct Answer: Equatable {
        var text = ""
        var tokens: [TokenID] = []
        var reason: FinishReason?
    }

    private func answer(
        _ service: TinyService, _ grammar: Grammar?, model: String = "a", seed: UInt64 = 1, temperature: Float = 1,
        maxTokens: Int = 200, change: (inout GenerationRequest) -> Void = { _ in }
    ) async throws -> Answer {
        var request = GenerationRequest(model: model, prompt: [5, 6, 7])
        request.maxTokens = maxTokens
        request.grammar = grammar
        request.sampling.temperature = temperature
        request.sampling.seed = seed
        change(&request)
        var answer = Answer()
        for try await event in try await service.fleet.generate(request) {
            switch event {
            case .token(let token):
                answer.text += token.text
                answer.tokens.append(token.id)
            case .finished(let reason, _): answer.reason = reason
            }
        }
        return answer
    }

    @Test func `A text keeps to its grammar, and ends when nothing may follow`() async throws {
        let service = try await TinyService()
        let grammar = try Grammar(regex: "(yes|no), [0-9]{3}[a-c]{2,5}!")
        for seed in 0..<10 as Range<UInt64> {
            let answer = try await answer(service, grammar, seed: seed)
            #expect(answer.reason == .stop)
            #expect(answer.text.wholeMatch(of: #/(yes|no), [0-9]{3}[a-c]{2,5}!/#) != nil, "\(answer.text)")
            #expect(try await self.answer(service, grammar, seed: seed) == answer)
        }
        try await service.expectEmptyPool()
    }

    @Test func `The likeliest token is the likeliest that the grammar allows`() async throws {
        let service = try await TinyService()
        let greedy = try await answer(service, Grammar(choices: ["alpha", "beta"]), temperature: 0)
        #expect(["alpha", "beta"].contains(greedy.text))
        #expect(greedy.reason == .stop)
        try await service.expectEmptyPool()
    }

    @Test func `JSON of a schema is JSON, with narrow sampling and penalties as well`() async throws {
        struct Item: Decodable {
            var name: String
            var size: Int
            var tags: [String]
        }
        let service = try await TinyService()
        let grammar = try Grammar(
            jsonSchema: """
                {"type": "object", "properties": {
                    "name": {"type": "string", "maxLength": 12}, "size": {"type": "integer", "minimum": -9, "maximum": 99},
                    "tags": {"type": "array", "items": {"enum": ["a", "é\\"", "c"]}, "maxItems": 3}},
                 "required": ["name", "size", "tags"], "additionalProperties": false}
                """)
        for seed in 0..<6 as Range<UInt64> {
            let answer = try await answer(service, grammar, seed: seed, maxTokens: 400) { request in
                request.sampling.topK = seed % 2 == 0 ? nil : 3
                request.sampling.minP = seed % 3 == 0 ? 0 : 0.1
                request.sampling.repetitionPenalty = 1.2
            }
            #expect(answer.reason == .stop)
            let item = try JSONDecoder().decode(Item.self, from: Data(answer.text.utf8))
            #expect((-9...99).contains(item.size) && item.tags.count <= 3 && item.name.unicodeScalars.count <= 12)
        }
        try await service.expectEmptyPool()
    }

    @Test func `The grammar's end comes before what is said of ends of text`() async throws {
        let service = try await TinyService()
        let grammar = try Grammar(regex: "[a-z]{4}")
        for change: @Sendable (inout GenerationRequest) -> Void in [
            { $0.minTokens = 100 }, { $0.ignoresEndOfText = true },
        ] {
            let answer = try await answer(service, grammar, change: change)
            #expect(answer.text.count == 4 && answer.reason == .stop)
        }
        let cut = try await answer(service, Grammar(regex: "[a-z]*"), maxTokens: 3) { $0.minTokens = 3 }
        #expect(cut.reason == .length && cut.text.wholeMatch(of: #/[a-z]+/#) != nil)
        try await service.expectEmptyPool()
    }

    /// A pool far too small for all, so that sequences lose their pages and are computed anew.
    @Test func `Neither company nor preemption changes a text`() async throws {
        let service = try await TinyService(poolMegabytes: 1)
        let grammar = try Grammar(
            jsonSchema: #"{"type": "array", "items": {"type": "boolean"}, "minItems": 20, "maxItems": 30}"#,
            whitespace: .none)
        func request(_ index: Int) async throws -> Answer {
            try await answer(
                service, index % 3 == 0 ? nil : grammar, model: index % 2 == 0 ? "a" : "b", seed: UInt64(index))
        }
        var alone: [Answer] = []
        for index in 0..<18 { alone.append(try await request(index)) }
        let together = try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
            for index in 0..<18 { group.addTask { (index, try await request(index)) } }
            return try await group.reduce(into: [Int: Answer]()) { $0[$1.0] = $1.1 }
        }
        for index in 0..<18 {
            #expect(together[index] == alone[index])
            guard index % 3 != 0 else { continue }
            #expect(alone[index].reason == .stop)
            #expect(try JSONDecoder().decode([Bool].self, from: Data(alone[index].text.utf8)).count >= 20)
        }
        try await service.expectEmptyPool()
    }
}
