import Engine
import Quantities
import Testing
import Transformer

@Suite(.serialized)
struct ReasoningTests {
    private func tokens(_ limit: ReasoningLimit?, on service: TinyService) async throws -> [TokenID] {
        var request = GenerationRequest(model: "a", prompt: [5, 6, 7])
        request.maxTokens = 8
        request.ignoresEndOfText = true
        request.sampling.temperature = 0
        request.reasoningLimit = limit
        var tokens: [TokenID] = []
        for try await case .token(let token) in try await service.fleet.generate(request) { tokens.append(token.id) }
        return tokens
    }

    @Test func reasoningIsClosedAtItsLimit() async throws {
        let service = try await TinyService()
        let free = try await tokens(nil, on: service)
        let closing: [TokenID] = [70, 71, 72]
        func limit(_ tokens: Int, begin: String? = nil, end: String = "nobody says this") -> ReasoningLimit {
            ReasoningLimit(tokens: tokens, begin: begin, end: end, closing: closing)
        }
        let closed = try await self.tokens(limit(3), on: service)
        #expect(closed.count == 8)
        #expect(Array(closed[..<3]) == Array(free[..<3]))
        #expect(Array(closed[3..<6]) == closing)
        #expect(Array(try await tokens(limit(0), on: service)[..<3]) == closing)
        // Reasoning that never begins, or that is not so long, is left alone.
        #expect(try await tokens(limit(0, begin: "nobody says this"), on: service) == free)
        #expect(try await tokens(limit(8), on: service) == free)
        try await service.expectEmptyPool()
    }
}
