import Quantities
import Testing

/// The real model against recorded reference logits and tokens, on every driver.
@Suite(.serialized)
struct GoldenLogitsTests {
    @Test func lavapipeMatchesWithExactCache() throws {
        let model = try LoadedModel(device: "vulkan:llvmpipe", kv: .f32)
        for prompt in try GoldenVectors.load().prompts {
            try model.expectLogits(of: prompt, within: 0.01)
            try model.expectTokens(of: prompt)
        }
        model.expectNoValidationMessages()
    }

    @Test func lavapipeStaysCloseWithHalfCache() throws {
        let model = try LoadedModel(device: "vulkan:llvmpipe", kv: .f16)
        for prompt in try GoldenVectors.load().prompts { try model.expectLogits(of: prompt, within: 0.1) }
        model.expectNoValidationMessages()
    }

    /// Of normally distributed numbers, bytes in blocks of 32 lose 26.3 times what halves lose (root mean square, by
    /// simulation), and logits should be as much further off. Measured were 29.2 on PoCL and 26.5 on lavapipe. One
    /// logit was 0.24 off at most: the bound is twice that, and as much of a margin makes a choice clear.
    @Test(arguments: ["vulkan:llvmpipe", "opencl:pthread"])
    func bytesLoseWhatTheirRoundingExplains(_ selector: String) throws {
        let prompts = try GoldenVectors.load().prompts
        let halves = try LoadedModel(device: selector, kv: .f16)
        let bytes = try LoadedModel(device: selector, kv: .q8_0)
        var squares: (halves: Float, bytes: Float) = (0, 0)
        for prompt in prompts {
            try bytes.expectLogits(of: prompt, within: 0.5)
            try bytes.expectTokens(of: prompt, margin: 0.5)
            squares.halves += try halves.errors(of: prompt).reduce(0) { $0 + $1 * $1 }
            squares.bytes += try bytes.errors(of: prompt).reduce(0) { $0 + $1 * $1 }
        }
        let ratio = (squares.bytes / squares.halves).squareRoot()
        #expect((13...52).contains(ratio), "bytes lose \(ratio) times what halves lose")
        print("\(selector): logits are \(ratio) times as far off in q8_0 as in f16")
        bytes.expectNoValidationMessages()
        halves.expectNoValidationMessages()
    }

    /// Products of whole numbers round the activations to bytes in blocks of 32, as llama.cpp's do on CPUs, and should
    /// lose as much as there: by chance a little more or less, over the 600 logits that both have of the same texts.
    @Test func wholeNumbersLoseWhatThoseOfLlamaCppLose() throws {
        let model = try LoadedModel(device: "opencl:pthread", kv: .f16, takesIntegerProducts: true)
        var squares: (ours: Float, theirs: Float) = (0, 0)
        for prompt in try GoldenVectors.load().prompts {
            let steps = max(1, prompt.agreePrefix.f32VsQ41Cpu)
            let logits = try model.logits(behind: prompt.promptIds, prompt.f32.genIds.prefix(steps - 1))
            for (step, logits) in logits.enumerated() {
                for entry in prompt.f32.stepTop4[step].top {
                    let others = prompt.q41Cpu.stepTop4[step].top
                    guard let theirs = others.first(where: { $0.token == entry.token }) else { continue }
                    let error = logits[Int(entry.token)] - entry.logit
                    squares.ours += error * error
                    squares.theirs += (theirs.logit - entry.logit) * (theirs.logit - entry.logit)
                }
            }
        }
        let ratio = (squares.ours / squares.theirs).squareRoot()
        #expect(ratio <= 1, "whole numbers lose \(ratio) times what llama.cpp's lose")
        print("logits of whole numbers are \(ratio) times as far off as those of llama.cpp")
    }

    @Test(arguments: [(KVType.f32, Float(0.01)), (.f16, 0.1)])
    func poclMatches(_ kv: KVType, _ bound: Float) throws {
        let model = try LoadedModel(device: "opencl:pthread", kv: kv)
        for prompt in try GoldenVectors.load().prompts {
            try model.expectLogits(of: prompt, within: bound)
            if kv == .f32 { try model.expectTokens(of: prompt) }
        }
    }

    /// The kernels that GPUs get, whose groups work together, on drivers that would not choose them.
    @Test(arguments: ["vulkan:llvmpipe", "opencl:pthread"])
    func kernelsOfGPUsMatch(_ selector: String) throws {
        let model = try LoadedModel(device: selector, kv: .f32, actsAsGPU: true)
        for prompt in try GoldenVectors.load().prompts.sorted(by: { $0.promptIds.count < $1.promptIds.count }).prefix(3)
        {
            try model.expectLogits(of: prompt, within: 0.01)
            try model.expectTokens(of: prompt)
        }
        model.expectNoValidationMessages()
    }

    @Test func swiftShaderGivesTheSameTokens() throws {
        let model = try LoadedModel(device: "vulkan:swiftshader", kv: .f32)
        for prompt in try GoldenVectors.load().prompts.sorted(by: { $0.promptIds.count < $1.promptIds.count }).prefix(3)
        {
            try model.expectLogits(of: prompt, within: 0.01)
            try model.expectTokens(of: prompt)
        }
        model.expectNoValidationMessages()
    }
}

/// The same on several devices at once, which wait for each other awake: nothing else is to run beside it.
@Suite(.serialized)
struct MeshGoldenTests {
    /// Two and three devices of PoCL, of which one has more heads than the others, two of lavapipe, and one of each.
    @Test(
        arguments: [
            ["opencl:pthread", "opencl:pthread"], ["opencl:pthread", "opencl:pthread", "opencl:pthread"],
            ["vulkan:llvmpipe", "vulkan:llvmpipe"], ["vulkan:llvmpipe", "opencl:pthread"],
        ])
    func meshesMatch(_ devices: [String]) throws {
        let model = try LoadedModel(mesh: devices, kv: .f32)
        for prompt in try GoldenVectors.load().prompts {
            try model.expectLogits(of: prompt, within: 0.01)
            try model.expectTokens(of: prompt)
        }
        model.expectNoValidationMessages()
    }
}

extension LoadedModel {
    /// How far off the logits are that were recorded.
    func errors(of prompt: GoldenVectors.Prompt) throws -> [Float] {
        try withSequence { manager, sequence in
            let logits = try feed(prompt.promptIds, from: 0, &manager, sequence)
            return prompt.f32.promptTop10.top.map { abs(logits[Int($0.token)] - $0.logit) }
        }
    }

    func expectLogits(of prompt: GoldenVectors.Prompt, within bound: Float) throws {
        for (entry, error) in zip(prompt.f32.promptTop10.top, try errors(of: prompt)) {
            #expect(error < bound, "\(prompt.name): token \(entry.token) is off by \(error)")
        }
    }

    /// Feeds the recorded tokens one by one; where the recorded choice was clear, ours must be the same.
    func expectTokens(of prompt: GoldenVectors.Prompt, margin: Float = 0.02) throws {
        try withSequence { manager, sequence in
            var logits = try feed(prompt.promptIds, from: 0, &manager, sequence)
            for (step, token) in prompt.f32.genIds.enumerated() {
                let best = logits.indices.max { logits[$0] < logits[$1] } ?? 0
                if prompt.f32Top1Margin[step] > margin {
                    #expect(best == Int(token), "\(prompt.name) step \(step)")
                }
                logits = try feed([token], from: prompt.promptIds.count + step, &manager, sequence)
            }
        }
    }
}
