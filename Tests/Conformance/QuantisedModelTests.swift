import Foundation
import Quantities
import Testing

/// The real model in the types that users have, byte by byte what `llama-quantize` makes, against llama.cpp.
@Suite(.serialized)
struct QuantisedModelTests {
    /// Products of floats give the exact logits. Where the exact choice was clear, ours is the same.
    @Test(arguments: Mixture.allCases, ["vulkan:llvmpipe", "opencl:pthread"])
    func floatsMatch(_ mixture: Mixture, _ selector: String) throws {
        guard isThere(mixture, "logits of floats on \(selector)") else { return }
        let model = try LoadedModel(mixture.model, device: selector, kv: .f32)
        var worst: Float = 0
        var wrong: [String] = []
        for (prompt, step, logits) in try steps(of: mixture, with: model) {
            let top = prompt.tops[step]
            for entry in top {
                let error = abs(logits[Int(entry.token)] - entry.exact)
                worst = max(worst, error)
                if !(error < 0.01) { wrong.append("\(prompt.name) step \(step): \(entry.token) is off by \(error)") }
            }
            let best = logits.indices.max { logits[$0] < logits[$1] }
            if top[0].exact - top[1].exact > 0.02, best != Int(prompt.tokens[step]) {
                wrong.append("\(prompt.name) step \(step): another token is best")
            }
        }
        #expect(wrong.isEmpty, "\(wrong.count) faults, such as \(wrong.prefix(3))")
        print("\(mixture.rawValue) on \(selector): logits are off by \(worst) at most")
        model.expectNoValidationMessages()
    }

    /// Products of whole numbers round what weights are multiplied with, as llama.cpp's do on CPUs, and must not lose
    /// more than those.
    @Test(arguments: Mixture.allCases)
    func wholeNumbersLoseNoMoreThanThoseOfLlamaCpp(_ mixture: Mixture) throws {
        guard isThere(mixture, "what whole numbers lose") else { return }
        let model = try LoadedModel(mixture.model, device: "opencl:pthread", kv: .f32, takesIntegerProducts: true)
        var squares: (ours: Float, theirs: Float) = (0, 0)
        var count: Float = 0
        for (prompt, step, logits) in try steps(of: mixture, with: model) {
            for entry in prompt.tops[step] {
                let error = logits[Int(entry.token)] - entry.exact
                squares.ours += error * error
                squares.theirs += (entry.cpu - entry.exact) * (entry.cpu - entry.exact)
                count += 1
            }
        }
        let ratio = (squares.ours / squares.theirs).squareRoot()
        #expect(ratio <= 1, "\(mixture.rawValue): whole numbers lose \(ratio) times what llama.cpp's lose")
        let loss = (squares.ours / count).squareRoot()
        print("\(mixture.rawValue): whole numbers lose \(loss) over \(Int(count)) logits, \(ratio) times theirs")
    }

    private typealias Step = (prompt: QuantisedVectors.Prompt, step: Int, logits: [Float])

    /// All logits before each recorded token, which are fed one by one.
    private func steps(of mixture: Mixture, with model: LoadedModel) throws -> [Step] {
        let texts = try GoldenVectors.load().prompts
        let prompts = try #require(try QuantisedVectors.load().files[mixture.rawValue]).prompts
        #expect(!prompts.isEmpty && prompts.allSatisfy { !$0.tokens.isEmpty && $0.tokens.count == $0.tops.count })
        return try prompts.flatMap { prompt -> [Step] in
            let text = try #require(texts.first { $0.name == prompt.name })
            return try model.logits(behind: text.promptIds, prompt.tokens.dropLast()).enumerated().map {
                (prompt, $0.offset, $0.element)
            }
        }
    }

    private func isThere(_ mixture: Mixture, _ what: String) -> Bool {
        let path = TestModels.path(mixture.model)
        if FileManager.default.fileExists(atPath: path) { return true }
        print("SKIPPED: no \(path) (tools/setup --clients); \(what) UNCHECKED")
        return false
    }
}
