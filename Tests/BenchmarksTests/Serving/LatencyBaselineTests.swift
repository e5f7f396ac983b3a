import Benchmarks
import Testing
import Workloads

struct LatencyBaselineTests {
    private func record(prompt: Int, first: Double, outputs: Int = 3, step: Double = 0.5) -> RequestRecord {
        RequestRecord(
            model: "a", arrival: 0, promptTokens: prompt, outputTokens: outputs, firstToken: first,
            finish: first + step * Double(outputs - 1))
    }

    @Test func aLineIsFound() throws {
        let records = [10, 20, 40].map { record(prompt: $0, first: 2 + 0.1 * Double($0)) }
        let line = try #require(LatencyBaseline(model: "a", fitting: records))
        #expect(abs(line.base - 2) < 1e-9 && abs(line.perPromptToken - 0.1) < 1e-9 && line.perOutputToken == 0.5)
        #expect(abs(line.latency(promptTokens: 30, outputTokens: 5) - 7) < 1e-9)
        #expect(abs(line.latency(promptTokens: 30, outputTokens: 1) - 5) < 1e-9)
    }

    @Test func noiseMakesNothingNegative() throws {
        let falling = try #require(
            LatencyBaseline(model: "a", fitting: [record(prompt: 10, first: 3), record(prompt: 20, first: 1)]))
        #expect(falling.base == 2 && falling.perPromptToken == 0)
        let steep = try #require(
            LatencyBaseline(model: "a", fitting: [record(prompt: 10, first: 1), record(prompt: 20, first: 5)]))
        #expect(steep.base == 0 && steep.perPromptToken == 0.2)
    }

    @Test func oneLengthIsEnough() throws {
        let line = try #require(LatencyBaseline(model: "a", fitting: [record(prompt: 10, first: 3, outputs: 1)]))
        #expect(line.base == 3 && line.perPromptToken == 0 && line.perOutputToken == 0)
        #expect(LatencyBaseline(model: "a", fitting: []) == nil)
    }
}
