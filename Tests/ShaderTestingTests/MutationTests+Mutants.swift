import Compute
import ShaderTesting

extension MutationTests {
    static let mutants =
        matmul + epilogues + experts + shards + candidates + norms + states + matmulBytes + weights + attention
        + groups + attentionOfGroups
        + [
            kernel("rope_store", "wrong sign", "a.x * s.x - a.y * s.y", "a.x * s.x + a.y * s.y"),
            kernel(
                "rope_store", "queries rotated as keys",
                "(head < heads ? LOAD(queryRotations, at) : LOAD(rotations, at))", "LOAD(rotations, at)",
                option: "scaled"),
            kernel(
                "rope_store", "keys rotated as queries",
                "(head < heads ? LOAD(queryRotations, at) : LOAD(rotations, at))", "LOAD(queryRotations, at)",
                option: "scaled"),
            kernel("rope_store", "values rotated", "head < heads + kvHeads && chunk * 8", "chunk * 8"),
            kernel("rope_store", "wrong page stride", "pageHeads) * pageQuads", "pageHeads) * (pageQuads - 2)"),
            kernel("rope_store", "one head to a page", "(head) % pageHeads * headQuads", "0", option: "shared"),
            kernel("rope_store", "layer ignored", "* blockPages + layerPage", "* blockPages"),
            kernel("rope_store", "halves swapped", "(a, b));", "(b, a));", option: "F16"),
            kernel(
                "rope_store", "half of a block not looked at", "max(max(v.x, v.y), max(v.z, v.w))", "0u", option: "Q8"),
            kernel("rope_store", "scale rounded down", "(AS_UINT(unit) + 0xffffu)", "AS_UINT(unit)", option: "Q8"),
            kernel("rope_store", "scales swapped", "side == 0 ? scale >> 16", "side == 1 ? scale >> 16", option: "Q8"),
            kernel(
                "rope_store", "scales in one word", "(chunks + word) * pageTokens", "chunks * pageTokens", option: "Q8"),
            kernel("rope_store", "a chunk too few", "first + 2 < chunks", "first + 4 < chunks", option: "Q8"),
            kernel("embed", "halves swapped", "h = i % 8 / 4", "h = 1 - i % 8 / 4", option: "Q4"),
            kernel("embed", "no scale", "FLOATS(q) * d", "FLOATS(q)", option: "Q4"),
            kernel("embed", "not multiplied", "v * scale", "v", option: "MXFP4"),
            kernel("embed", "row added for the place in the batch", "LOAD(places, TILE).x", "TILE", option: "added"),
            kernel("embed", "a row beyond those added", "addedRows - 1u", "addedRows", option: "added"),
            kernel(
                "embed", "nothing added", "v += LOAD(added, place + i)", "v += LOAD(added, place + i) * 0.0f",
                option: "added"),
        ]

    private static let matmul = [
        kernel("matmul", "rows not masked", "if (row + $r < endRow) {", "if (true) {", option: "Q4"),
        kernel("matmul", "columns not masked", "if (place_ + $q < columns) {", "if (true) {", option: "Q4"),
        kernel("matmul", "row + 1 read", "X_ROW(row + $r)", "X_ROW(row + $r + 1)", option: "Q4"),
        kernel(
            "matmul", "loop one short", "g < 4; g++) {\n            each (f, FIELDS) { {",
            "g < 3; g++) {\n            each (f, FIELDS) { {", option: "Q4"),
        kernel("matmul", "other half of x", "b * 8 + 4 * (part + $f) + g", "b * 8 + 4 * (1 - $f) + g", option: "Q4"),
        kernel("matmul", "minimum left out", " + m$c * HSUM4(sum$r)", "", option: "Q4"),
        kernel("matmul", "bits of the other half", "u$c & 0xffff0000u", "u$c", option: "BF16"),
        kernel("matmul", "residual missing", "LOAD(y, at) + RESULT_", "RESULT_", option: "RESIDUAL"),
        kernel("matmul", "wrong sign in the gate", "exp(-(x))", "exp(x)", option: "PAIRED"),
        // 64 KiB are 4096 vecs of four, and fewer wider ones.
        kernel(
            "matmul", "window bit lost", "LOAD(w, (at) + (first + (g)) * (width))",
            "LOAD(w, ((at) + (first + (g)) * (width)) & (0x3fffu / V))",
            fallback: .smallBindings, option: "Q4"),
    ]

    private static let matmulBytes = [
        kernel("matmul_bytes", "rows not masked", "TERMS - 1 && row + $r < endRow) {", "TERMS - 1) {", option: "Q4"),
        kernel("matmul_bytes", "a term left out", "s$r_$c += term$c;", "", option: "Q8"),
        kernel("matmul_bytes", "high nibbles lost", ">> (4 * (h))) & 0x0f", ">> 0) & 0x0f", option: "Q4"),
        kernel("matmul_bytes", "minimum left out", " + m$c * sum$r_", "", option: "Q4"),
        kernel(
            "matmul_bytes", "first block's scale for all", "(xScales, block$r_ * 3);", "(xScales, 0);", option: "Q4"),
        kernel("matmul_bytes", "loop one short", "LOOP for (uint g = 0; g < 4", "for (uint g = 0; g < 3", option: "Q8"),
        kernel("matmul_bytes", "half of a sum", "LOAD(xScales, block$r_ * 3 + 1) + ", "", option: "Q4"),
        kernel(
            "matmul_bytes", "sum of the other half", "block$r_ * 3 + 1 + part)", "block$r_ * 3 + 2 - part)",
            option: "Q6_K"),
        kernel(
            "matmul_bytes", "scale of the other half", "SCALE(scales$c, L, b, part),", "SCALE(scales$c, L, b, 0u),",
            option: "Q6_K"),
        kernel("quantise", "rounded down", "ROUND(v$h_$i * inverse)", "ROUND(v$h_$i * inverse - 0.5)"),
        kernel("quantise", "sum without its scale", "scale * HSUM4(sum$h)", "HSUM4(sum$h)"),
        kernel("quantise", "sources ignored", "LOAD(sources, row) * (depth", "row * (depth"),
        kernel("quantise", "the rest as large as the whole", "scale *= 1.0 / 254.0;", ""),
        kernel("quantise", "the whole again", "v$h_$i -= whole$h_$i * scale;", ""),
        kernel("quantise", "not normed", "v$h_$i = NORMED(v$h_$i, b * 8 + 4 * $h + $i);", ""),
        kernel("quantise", "half of a quad not looked at", "max(u$h_$i.z, u$h_$i.w)", "0u"),
    ]

    /// Faults in what all kernels unpack weights with; embeddings show them at once.
    private static let weights = [
        kernel("embed", "high nibble lost", ">> (4 * (h))) & 0x0f", ">> 0) & 0x0f", option: "Q4"),
        kernel("embed", "first word of two", "(first + (g) % 2)", "(first)", option: "Q2_K"),
        kernel("embed", "pair of bits of the other word", "+ (g) / 2 * 2)", "+ (g) % 2 * 2)", option: "Q6_K"),
        kernel(
            "embed", "second plane a bit too low", "(PLANE_2(4, at, width, g, h) << 4)",
            "(PLANE_2(4, at, width, g, h) << 3)", option: "Q6_K"),
        kernel("embed", "third bits in the first plane", "PLANE_1(2, at", "PLANE_1(1, at", option: "Q3_K"),
        kernel("embed", "fifth bits of the lower half", ">> (4 * (h) + (g))) & 0x01", ">> (g)) & 0x01", option: "Q5"),
        kernel("embed", "one scale for both halves", "(b) % 8 * PARTS + (part)", "(b) % 8 * PARTS", option: "Q3_K"),
        kernel("embed", "scale of the first block", "(1 + PART_(b, part) / 4)", "1", option: "IQ4_XS"),
        kernel("embed", "scale of the block before", "((b) % 2 * 16)", "0", option: "Q5_K"),
        kernel("embed", "scale for minimum", "(PAIR_(at, width, b) >> 8)", "PAIR_(at, width, b)", option: "Q4_K"),
        kernel(
            "embed", "scale for minimum of four bits", "(PAIR_(at, width, b, part) >> 4)", "PAIR_(at, width, b, part)",
            option: "Q2_K"),
        kernel("embed", "second blocks of 256 not counted", "+ (b) / 8)", ")", option: "Q6_K"),
        kernel("embed", "no table", "LOOKUP(QUANTS(at, width, g, h))", "QUANTS(at, width, g, h)", option: "MXFP4"),
    ]

    private static let attention = [
        kernel("attention", "wrong scale", "((product) * scale)", "((product) * scale * scale)"),
        kernel("attention", "last token missing", "behind - start", "behind - 1 - start"),
        kernel("attention", "a token too many", "rows, row + $r).w", "rows, row + $r).w + 1u"),
        kernel("attention", "last page missing", "start < behind", "start + 1 < behind"),
        kernel(
            "attention", "wrong page stride", "* pageQuads + inPage;\n#ifdef", "* (pageQuads - 2) + inPage;\n#ifdef"),
        kernel("attention", "layer ignored", "layerPage + kvHead", "kvHead"),
        kernel("attention", "first head of a page for all", "kvHead % pageHeads * headQuads", "0", option: "shared"),
        kernel("attention", "a page for each head", "kvHead / pageHeads", "kvHead", option: "shared"),
        kernel("attention", "sums not made smaller", "exp(before$r_$j - most$r_$j)", "span(1.0)"),
        kernel("attention", "one scale for all blocks", "0xffff0000u), $d / 4 % 4)", "0xffff0000u), 0)", option: "Q8"),
        kernel(
            "attention", "first word of scales for values", "(VALUES + SCALE_WORD($d))", "VALUES", option: "256,"),
        kernel("attention", "first word of scales for keys", "kScales[SCALE_WORD($d)]", "kScales[0]", option: "256,"),
        kernel("attention", "scales of keys for values", "scales & 0xffff0000u", "scales << 16", option: "Q8"),
        kernel(
            "attention", "bytes of the other quad", "l = BYTES(u, $d % 2 * 2 + 1)", "l = BYTES(u, 1)",
            option: "Q8"),
        kernel(
            "attention", "pages that were given back", "rows, row + $r).z", "rows, row + $r).z * 0u", option: "window"),
        kernel(
            "attention", "window a token too long", "first$r = LOAD(rows, row + $r).z",
            "first$r = max(LOAD(rows, row + $r).z, 1u) - 1u", option: "window"),
        kernel(
            "attention", "window a token too short", "first$r = LOAD(rows, row + $r).z",
            "first$r = LOAD(rows, row + $r).z + 1u", option: "sides"),
        kernel("attention", "cap left out", "(cap * TANH(", "(TANH(", option: "capped"),
        kernel("attention", "no sink in the sum", "total += exp(own - most);", "", option: "sinks"),
        kernel("attention", "sinks of the first layer", "sink + head + $j", "head + $j", option: "sinks"),
        kernel("attention", "one sink for all", "sink + head + $j", "sink + head", option: "sinks"),
    ]

    /// Faults in what the lanes of a group do together.
    private static let groups = [
        kernel(
            "matmul", "splits read too early", "            BARRIER;\n            SUM", "            SUM",
            fallback: .gpu, option: "Q4"),
        kernel("matmul", "a split left out", "split_ = 0; split_", "split_ = 1; split_", fallback: .gpu, option: "Q4"),
        kernel(
            "matmul", "a block of two splits", "(blocks * (split + 1) / SPLITS)", "(blocks * (split + 1) / SPLITS + 1)",
            fallback: .gpu, option: "Q4"),
        kernel("matmul", "gate for up", "(lane) + TURN / V)", "(lane))", fallback: .gpu, option: "PAIRED"),
        tile("rows read too early", "#endif\n            BARRIER;", "#endif", "matmul", option: "Q4"),
        tile("a split's sums left out", "total$r += s$r;", "total$r = s$r;", "matmul", option: "Q4"),
        tile(
            "neighbouring rows", "(r + 16 * $r) * 9 + k]; each (e, 4) { t$r",
            "($r + ROWS * r) * 9 + k]; each (e, 4) { t$r", "matmul", option: "Q4"),
        tile("sums of another row", "xSums[(r + 16 * $r) * PARTS", "xSums[(r + $r) * PARTS", "matmul", option: "Q4"),
        tile("the lower field twice", "field / 4) >>", "0) >>", "matmul", option: "Q4"),
        kernel(
            "matmul_bytes", "a block of two splits", "(blocks * (split + 1) / SPLITS)",
            "(blocks * (split + 1) / SPLITS + 1)", fallback: .gpu, option: "Q4"),
        kernel("matmul_bytes", "the last term alone", "s$r_0 += terms;", "", fallback: .gpu, option: "terms"),
        tileOfBytes(
            "rows read too early", "L, field % 4, field / 4);\n            }\n            BARRIER;",
            "L, field % 4, field / 4);\n            }", option: "Q4"),
        tileOfBytes("the second block alone", "k < min(2u, endBlock - first)", "k < 1u", option: "Q4"),
        tileOfBytes("a block beyond the split", "min(2u, endBlock - first)", "2u", option: "Q4"),
        tileOfBytes("scale of the first block", "PLACE($r) * 6 + k * 3", "PLACE($r) * 6", option: "Q4"),
        tileOfBytes("a split's sums left out", "total$r += s$r;", "total$r = s$r;", option: "Q4"),
        tileOfBytes("terms apart", "s$r += terms;", "", option: "terms"),
    ]

    private static func tileOfBytes(
        _ fault: String, _ text: String, _ replacement: String, option: String
    ) -> Check {
        kernel("matmul_bytes_tile", fault, text, replacement, fallback: .gpu, option: option, of: "matmul_bytes")
    }

    /// Faults in attention of groups.
    private static let attentionOfGroups: [Check] = [
        kernel(
            "attention_tile", "weights read too early", "            BARRIER;\n            if (chunk",
            "            if (chunk", fallback: .gpu, of: "attention"),
        kernel(
            "attention_tile", "rows of other sequences", " && LOAD(rows, end).y == start; end++", "; end++",
            fallback: .gpu, of: "attention"),
        kernel(
            "attention_tile", "a row looks ahead", "if (token - from$r < count$r)", "if (token < to)", fallback: .gpu,
            of: "attention"),
        kernel(
            "attention_tile", "a window of the row beside it", "if (token - from$r < count$r)",
            "if (token < from$r + count$r)", fallback: .gpu, option: "window", of: "attention"),
        kernel(
            "attention_tile", "values from the second token on", "begin + i - from$r < count$r",
            "begin + i - from$r - 1u < count$r - 1u", fallback: .gpu, option: "window", of: "attention"),
        kernel(
            "attention_tile", "steps begin with the tile", "from / GROUP_SIZE * GROUP_SIZE", "from", fallback: .gpu,
            option: "window", of: "attention"),
        kernel(
            "attention_tile", "parts begin with the sequence", "((first) / PART_TOKENS * PART_TOKENS)", "0u",
            fallback: .gpu, option: "window", of: "attention"),
        kernel(
            "attention_tile", "cap after the mask",
            "if (token - from$r < count$r) score$r_$j = SCORE(product$r_$j);",
            "score$r_$j = SCORE(token - from$r < count$r ? product$r_$j : -1e30);", fallback: .gpu, option: "capped",
            of: "attention"),
        kernel(
            "attention_tile", "sink in the maximum alone", "total * keep + exp(own - most)", "total * keep",
            fallback: .gpu, option: "sinks", of: "attention"),
        kernel(
            "attention_merge", "sink in the maximum alone", "total = exp(LOAD(sinks, sink + head) - most);",
            "",
            fallback: .gpu, option: "sinks", of: "attention"),
        kernel(
            "attention_tile", "sums of earlier tokens not scaled", "a$r_$j *= keep;", "", fallback: .gpu,
            of: "attention"),
        kernel(
            "attention_tile", "one scale for all blocks", "WORD_OF(vScales, chunk / 4 % 4)", "WORD_OF(vScales, 0)",
            fallback: .gpu, option: "Q8", of: "attention"),
        kernel(
            "attention_tile", "first word of scales for keys", "(SCALE_WORD(d) > 0 && d % 16 == 0)", "(false)",
            fallback: .gpu, option: "256,", of: "attention"),
        kernel(
            "attention_tile", "first word of scales for values", "SCALE_WORD(chunk)", "0", fallback: .gpu,
            option: "256,", of: "attention"),
        kernel(
            "attention_tile", "parts that overlap", "part * length", "part * 256u", fallback: .gpu, of: "attention"),
        kernel("attention_merge", "parts not weighted", "sum += weight *", "sum +=", fallback: .gpu, of: "attention"),
        kernel(
            "attention_merge", "a part left out", "(place.z) + length - 1)", "(place.z))", fallback: .gpu,
            of: "attention"),
    ]

    /// On CPU drivers a group is one subgroup or one lane: barriers matter without subgroups only.
    static let wordsOfGLSL = [
        prelude(
            .glsl, "sums read too early", "reduction_[LANE].places = v; \\\n        barrier(); \\",
            "reduction_[LANE].places = v; \\",
            "norm"),
        prelude(
            .glsl, "sums overwritten", "name(type v) { \\\n        barrier(); \\\n        reduction_[LANE]",
            "name(type v) { \\\n        reduction_[LANE]", "attention"),
        kernel("attention", "maximum not subtracted", "max(most$r_$j, score$r_$j)", "0.0"),
        prelude(
            .glsl, "bytes beyond 127 with a sign", "#define PRODUCTS_EXCESS 128.0", "#define PRODUCTS_EXCESS 0.0",
            "matmul_bytes", fallback: .gpu, option: "Q8"),
        prelude(.glsl, "upper half of a table", "q < 8u ?", "q < 7u ?", "embed", fallback: .none, option: "IQ4_NL"),
    ]
    static let wordsOfOpenCL = [
        prelude(
            .openCL, "sums read too early", "reduction[LANE].places = v; \\\n        BARRIER; \\",
            "reduction[LANE].places = v; \\",
            "norm"),
        prelude(
            .openCL, "sums overwritten", "__local quad* reduction) { \\\n        BARRIER; \\",
            "__local quad* reduction) { \\", "attention"),
        prelude(
            .openCL, "window begins within a span", "VEC_PLACES_ >= (int)from", "VEC_PLACES_ > (int)from",
            "attention",
            fallback: .none, option: "window"),
        prelude(
            .openCL, "sums of other spans", "PAIR_SUMS_(v[2], v[3])", "PAIR_SUMS_(v[3], v[2])", "attention",
            fallback: .none),
        kernel("attention", "maximum not subtracted", "max(most$r_$j, MAX_OF_4(score$r_$j))", "span(0.0)"),
        kernel(
            "attention", "a row looks ahead", "SCORE(product$r_$j), first$r - position, min(behind$r, until)",
            "SCORE(product$r_$j), first$r - position, until"),
        kernel(
            "attention", "rows of other sequences", " && LOAD(rows, ended).y == table; ended++", "; ended++"),
        kernel(
            "attention", "blocks begin with the first row", "from / ALIGNED * ALIGNED", "from / SPAN * SPAN",
            option: "again"),
        prelude(
            .openCL, "upper half of a table", "(q >> 3) & 1u", "(q >> 2) & 1u", "embed", fallback: .none,
            option: "IQ4_NL"),
    ]

    static func kernel(
        _ name: String, _ fault: String, _ text: String, _ replacement: String, fallback: Fallback = .none,
        option: String? = nil, of operation: String? = nil
    ) -> Check {
        Check(
            mutant: Mutant("\(name): \(fault)", in: .kernel(name), replacing: text, with: replacement),
            kernel: operation ?? name, fallback: fallback, option: option)
    }

    /// Faults in products on matrix units.
    static let matrices = [
        matrix("rows not masked", "if (at < endRow) {", "if (true) {"),
        matrix("row + 1 read", "X_ROW(row + line)", "X_ROW(row + line + 1)"),
        matrix("a split not added", "ADD_SUMS(total$i_$j, s$i_$j)", "s$i_$j"),
        matrix("a block of another split", "if (FIRST_BLOCK(own) + step < END_BLOCK(own)) {", "if (true) {"),
        matrix("minimum left out", "& 255u) * d + m) }", "& 255u) * d) }"),
        matrix(
            "first half of the bits", "PUT_HALVES(ws, to + $e * W_LINE, FLOATS((u >> (8 * $e))",
            "PUT_HALVES(ws, to + $e * W_LINE, FLOATS((u >> (4 * $e))"),
        matrix("results as small as operands", ") * GROW; \\", "); \\"),
        matrix("the first part of the depth alone", "from = (own * 32 + k) * W_LINE", "from = (own * 32) * W_LINE"),
        matrix("columns of the strip beside", "+ strip * 32 + $j * MATRIX_N;", "+ $j * MATRIX_N;"),
        matrix(
            "halves of one word swapped", "PUT_HALVES(ws, to + 2 * $h * W_LINE, LOW_HALVES(u))",
            "PUT_HALVES(ws, to + 2 * $h * W_LINE, HIGH_HALVES(u))", option: "F16"),
        matrix("gate for up", "c % 8, gate, other)", "c % 8, other, gate)", option: "PAIRED"),
    ]

    private static func matrix(
        _ fault: String, _ text: String, _ replacement: String, option: String = "Q4"
    ) -> Check {
        kernel("matmul_matrix", fault, text, replacement, fallback: .gpu, option: option, of: "matmul")
    }

    private static func tile(
        _ fault: String, _ text: String, _ replacement: String, _ operation: String, option: String? = nil
    ) -> Check {
        kernel("matmul_tile", fault, text, replacement, fallback: .gpu, option: option, of: operation)
    }

    private static func prelude(
        _ dialect: Dialect, _ fault: String, _ text: String, _ replacement: String, _ kernel: String,
        fallback: Fallback = .noSubgroups, option: String? = nil
    ) -> Check {
        Check(
            mutant: Mutant("prelude: \(fault)", in: .prelude(dialect), replacing: text, with: replacement),
            kernel: kernel, fallback: fallback, option: option)
    }
}
