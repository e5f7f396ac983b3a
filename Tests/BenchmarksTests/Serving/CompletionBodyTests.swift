import Benchmarks
import Foundation
import Quantities
import Testing
import Workloads

struct CompletionBodyTests {
    private func fields(_ form: PromptForm, seed: UInt64 = 1) throws -> [String: any Sendable] {
        var random = SplitMix64(seed: seed)
        let request = Request(arrival: 0, model: "a", promptTokens: 40, outputTokens: 9)
        let json = try CompletionBody(request, model: "theirs", form: form, using: &random).json()
        return try #require(try JSONSerialization.jsonObject(with: json) as? [String: any Sendable])
    }

    @Test func theExactForm() throws {
        let fields = try fields(PromptForm.all[0])
        #expect(fields["model"] as? String == "theirs")
        #expect((fields["prompt"] as? [Int])?.count == 40)
        #expect(fields["max_tokens"] as? Int == 9 && fields["min_tokens"] as? Int == 9)
        #expect(fields["ignore_eos"] as? Bool == true && fields["stream"] as? Bool == true)
        #expect((fields["stream_options"] as? [String: Bool]) == ["include_usage": true])
    }

    @Test func theFormOfEveryEndpoint() throws {
        let fields = try fields(PromptForm.all[3])
        #expect((fields["prompt"] as? String)?.split(separator: " ").count == 40)
        #expect(fields["min_tokens"] == nil && fields["ignore_eos"] == nil)
    }

    @Test func promptsFollowFromTheirSeed() throws {
        let prompts = try [1, 1, 2].map { try fields(PromptForm.all[0], seed: $0)["prompt"] as? [Int] }
        #expect(prompts[0] == prompts[1] && prompts[0] != prompts[2])
    }
}
