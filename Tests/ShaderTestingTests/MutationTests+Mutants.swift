import Compute
import ShaderTesting

extension MutationTests {
    static let mutants =
        matmul + matmulBytes + attention + [
            kernel("rms_norm", "loop one short", "i < n; i += GROUP_SIZE) {", "i + 1 < n; i += GROUP_SIZE) {"),
            kernel("rms_norm", "twice epsilon", "+ epsilon", "+ 2.0 * epsilon"),
            kernel("rms_norm", "sum in place of mean", " / float(width)", ""),
            kernel("rms_norm", "sources ignored", "LOAD(sources, TILE) * n", "TILE * n"),
            kernel("rms_norm", "sum of one lane", "GROUP_SUM(HSUM4(sum))", "HSUM4(sum)", fallback: .noSubgroups),
            kernel("rope_store", "wrong sign", "a.x * s.x - a.y * s.y", "a.x * s.x + a.y * s.y"),
            kernel("rope_store", "values rotated", "head < heads + kvHeads && chunk * 8", "chunk * 8"),
            kernel("rope_store", "wrong page stride", "% kvHeads) * pageQuads", "% kvHeads) * (pageQuads - 2)"),
            kernel("rope_store", "halves swapped", "(a, b));", "(b, a));", option: "F16"),
            kernel(
                "rope_store", "half of a block not looked at", "max(max(v.x, v.y), max(v.z, v.w))", "0u", option: "Q8"),
            kernel("rope_store", "scale rounded down", "(AS_UINT(unit) + 0xffffu)", "AS_UINT(unit)", option: "Q8"),
            kernel("rope_store", "scales swapped", "side == 0 ? scale >> 16", "side == 1 ? scale >> 16", option: "Q8"),
            kernel("rope_store", "a chunk too few", "first + 2 < chunks", "first + 4 < chunks", option: "Q8"),
            kernel("embed", "nibbles swapped", "? 0 : 4", "? 4 : 0", option: "Q4"),
            kernel("embed", "wrong scale", "FLOATS(q) * LOW_HALF(scale)", "FLOATS(q) * HIGH_HALF(scale)", option: "Q4"),
        ]

    private static let matmul = [
        kernel("matmul", "rows not masked", "if (row + $r < rows) {", "if (true) {", option: "Q4"),
        kernel("matmul", "columns not masked", "if (column$c * Q + $q < columns) {", "if (true) {", option: "Q4"),
        kernel("matmul", "row + 1 read", "min(row + $r, rows - 1)", "min(row + $r + 1, rows - 1)", option: "Q4"),
        kernel("matmul", "loop one short", "g < WORDS; g++", "g < WORDS - 1; g++", option: "Q4"),
        kernel("matmul", "high nibble lost", "8 * $e + 4)", "8 * $e)", option: "Q4"),
        kernel("matmul", "minimum left out", " + m$c * HSUM4(sum$r)", "", option: "Q4"),
        kernel("matmul", "bits of the other half", "u$c & 0xffff0000u", "u$c", option: "BF16"),
        kernel("matmul", "residual missing", "LOAD(y, at$c + $q) + ", "", option: "RESIDUAL"),
        kernel("matmul", "wrong sign in the gate", "exp(-s$r_0)", "exp(s$r_0)", option: "SWIGLU"),
        // 64 KiB are 4096 vecs of four, and fewer wider ones.
        kernel(
            "matmul", "window bit lost", "LOAD(w, w$c + g * L)", "LOAD(w, (w$c + g * L) & (0x3fffu / V))",
            fallback: .smallBindings, option: "Q4"),
    ]

    private static let matmulBytes = [
        kernel("matmul_bytes", "rows not masked", "if (row + $r < rows) {", "if (true) {", option: "Q4"),
        kernel("matmul_bytes", "high nibbles lost", "q$c = (u$c >> 4)", "q$c = u$c", option: "Q4"),
        kernel("matmul_bytes", "minimum left out", " + m$c * sum$r_", "", option: "Q4"),
        kernel(
            "matmul_bytes", "first block's scale for all", "(xScales, block$r_ * 2),", "(xScales, 0),", option: "Q4"),
        kernel("matmul_bytes", "loop one short", "i < WORDS; i++", "i < WORDS - 1; i++", option: "Q8"),
        kernel("quantise", "rounded down", "ROUND(v$i * inverse)", "ROUND(v$i * inverse - 0.5)"),
        kernel("quantise", "sum without its scale", "scale * HSUM4(sum)", "HSUM4(sum)"),
        kernel("quantise", "sources ignored", "LOAD(sources, TILE) * (depth", "TILE * (depth"),
        kernel("quantise", "no epsilon", " + epsilon", ""),
        kernel("quantise", "half of a quad not looked at", "max(u$i.z, u$i.w)", "0u"),
    ]

    private static let attention = [
        kernel("attention", "wrong scale", "inversesqrt(float(HEAD_SIZE))", "1.0 / float(HEAD_SIZE)"),
        kernel("attention", "last token missing", "last + 1 - start", "last - start"),
        kernel("attention", "a token too many", "last + 1 - start", "last + 2 - start"),
        kernel("attention", "last page missing", "start <= last", "start < last"),
        kernel("attention", "wrong page stride", "kvHeads) * pageQuads", "kvHeads) * (pageQuads - 2)"),
        kernel("attention", "layer ignored", "+ layer * kvHeads", ""),
        kernel("attention", "maximum not subtracted", "max(most$j, score$j)", "0.0"),
        kernel("attention", "one scale for all blocks", "0xffff0000u), $d / 4)", "0xffff0000u), 0)", option: "Q8"),
        kernel("attention", "scales of keys for values", "scales & 0xffff0000u", "scales << 16", option: "Q8"),
        kernel(
            "attention", "bytes of the other quad", "l = BYTES(u, $d % 2 * 2 + 1)", "l = BYTES(u, 1)",
            option: "Q8"),
    ]

    /// On CPU drivers a group is one subgroup or one lane: barriers matter without subgroups only.
    static let barriersOfGLSL = [
        prelude(
            .glsl, "sums read too early", "reduction_[LANE] = v;\n    barrier();", "reduction_[LANE] = v;", "rms_norm"),
        prelude(.glsl, "sums overwritten", "vec4 v) {\n    barrier();", "vec4 v) {", "attention"),
    ]
    static let barriersOfOpenCL = [
        prelude(
            .openCL, "sums read too early", "reduction[LANE] = v;\n    barrier(CLK_LOCAL_MEM_FENCE);",
            "reduction[LANE] = v;", "rms_norm"),
        prelude(
            .openCL, "sums overwritten",
            "__local quad* reduction) {\n    barrier(CLK_LOCAL_MEM_FENCE);\n    reduction[LANE] = v;",
            "__local quad* reduction) {\n    reduction[LANE] = v;", "attention"),
    ]

    private static func kernel(
        _ name: String, _ fault: String, _ text: String, _ replacement: String, fallback: Fallback = .none,
        option: String? = nil
    ) -> Check {
        Check(
            mutant: Mutant("\(name): \(fault)", in: .kernel(name), replacing: text, with: replacement), kernel: name,
            fallback: fallback, option: option)
    }

    private static func prelude(
        _ dialect: Dialect, _ fault: String, _ text: String, _ replacement: String, _ kernel: String
    ) -> Check {
        Check(
            mutant: Mutant("barrier: \(fault)", in: .prelude(dialect), replacing: text, with: replacement),
            kernel: kernel, fallback: .noSubgroups)
    }
}
