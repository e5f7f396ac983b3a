import Compute
import Foundation
import Kernels
import Reporting
import ShaderInspection
import Testing

/// What is inspected, and how it is shown.
struct ReportTests {
    private static func variant(
        _ kernel: String, registers: Int = 32, spilled: Int = 0, scratch: Int = 0, waves: Int = 16
    ) -> InspectedVariant {
        InspectedVariant(
            kernel: kernel, options: ["KV": "F16"], groupSize: 64,
            figures: VariantFigures(
                registers: registers, spilled: spilled, scratchBytes: scratch, sharedBytes: 0, waves: waves))
    }

    @Test func jsonIsFlat() throws {
        let variant = Self.variant("attention", spilled: 5, scratch: 40)
        let data = try JSONEncoder().encode(variant)
        #expect(try JSONDecoder().decode(InspectedVariant.self, from: data) == variant)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["kernel"] as? String == "attention" && object["spilled"] as? Int == 5)
        #expect(object["scratchBytes"] as? Int == 40 && object["waves"] as? Int == 16)
        #expect((object["options"] as? [String: String]) == ["KV": "F16"])
    }

    @Test func theWorstStandInFront() {
        let variants = [
            Self.variant("a"), Self.variant("b", registers: 200), Self.variant("c", waves: 2),
            Self.variant("d", spilled: 9, scratch: 36), Self.variant("e", spilled: 1, scratch: 64),
        ]
        let sorted = variants.sorted { $0.isWorse(than: $1) }
        #expect(sorted.map(\.kernel) == ["e", "d", "c", "b", "a"])
    }

    @Test func summaryAndPage() {
        var target = InspectedTarget("rdna3", compiler: "RADV")
        target.variants = [Self.variant("attention", spilled: 9, scratch: 36, waves: 4), Self.variant("embed")]
        #expect(
            target.summary
                == "rdna3: 2 variants by RADV; 1 spill (the worst 9 registers), 1 use scratch (the worst 36 bytes a lane); "
                + "at most 32 registers, at least 4 waves")
        #expect(target.table.headings == ["kernel", "group", "registers", "spilled", "scratch", "shared", "waves"])
        let skipped = InspectedTarget.skipped("sm_90", "no NVRTC")
        #expect(skipped.summary == "sm_90: SKIPPED, UNCHECKED: no NVRTC")
        let html = InspectionReport(targets: [target, skipped]).html
        #expect(html.contains("attention&lt;KV=F16&gt;") && html.contains("no NVRTC") && html.contains("<svg"))
    }

    /// The described models bind every kernel but the probes, with what a device may prefer and with pools of several
    /// windows, and nothing twice.
    @Test func everyKernelOfAPassIsListed() throws {
        let limits = DeviceLimits(
            maxBindingSize: (4 << 30) - 1, maxAllocationSize: 1 << 40, maxTexelElements: 0, maxBindings: 64,
            maxGroupSize: 1024, maxGroupCount: 65535, maxParameterBytes: 256, subgroupSize: 64, groupSize: 64,
            vectorWidth: 4, sharedMemoryBytes: 64 << 10)
        let kernels = try DescribedModel.kernels(card: "RX 7900 XTX", limits: limits, dialect: .glsl)
        #expect(
            Set(kernels.map(\.kernel)) == [
                "attention_merge", "attention_tile", "candidates", "combine", "convolve", "embed", "gated_norm",
                "group_experts", "head_norm", "matmul", "matmul_tile", "norm", "recur", "rope_store", "route",
            ])
        #expect(Set(kernels.map(\.code)).count == kernels.count)
        let attention = kernels.filter { $0.kernel == "attention_tile" }
        #expect(Set(attention.compactMap { $0.options["HEAD_SIZE"] }) == ["64", "96", "128", "256"])
        #expect(Set(attention.compactMap { $0.options["KV"] }) == ["F16", "Q8"])
        #expect(Set(attention.compactMap { $0.code.bindings.map(\.windows).max() }) == [1, 4])
        let products = kernels.filter { $0.kernel == "matmul" }
        let forms = MatMul.Epilogue.Form.allCases.map(\.rawValue)
        #expect(Set(products.compactMap { $0.options["EPILOGUE"] }) == Set(forms))
        #expect(Set(products.compactMap { $0.options["WEIGHTS"] }).isSuperset(of: ["Q4", "Q8", "F16"]))
    }
}
