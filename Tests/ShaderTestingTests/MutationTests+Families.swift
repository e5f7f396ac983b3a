import Compute
import ShaderTesting

/// Faults in what families of models need besides Llama.
extension MutationTests {
    /// Faults in what is done to results.
    static let epilogues = [
        kernel("matmul", "bias left out", "((value) + LOAD(bias, FIRST_BIAS + (place)))", "(value)", option: "biased"),
        kernel(
            "matmul", "bias of the gate for up", "BIASED_(up, columns + (place))", "BIASED_(up, place)",
            option: "biased"),
        kernel(
            "matmul", "scale left out", "(BIASED_(value, place) * scale)", "BIASED_(value, place)", option: "scaled"),
        kernel(
            "matmul", "scale before the bias", "(BIASED_(value, place) * scale)", "BIASED_(value * scale, place)",
            option: "scaled"),
        kernel("matmul", "cap left out", "(cap * TANH(", "(TANH(", option: "capped"),
        kernel("matmul", "a square for a cube", "0.071354816 * (x) * (x)", "0.071354816 * (x)", option: "GELU"),
        kernel("matmul", "gate turned", "(1.0 + exp(-result_))", "(1.0 + exp(result_))", option: "GATING"),
        kernel("matmul", "no square", "max(x, 0.0) * ", "", option: "SQUARED_RELU"),
        kernel("matmul", "gate without bound", "(min(x, 7.0) / ", "((x) / ", option: "CLAMPED_SILU"),
        kernel("matmul", "up without lower bound", "max(min(up, 7.0), -7.0)", "min(up, 7.0)", option: "CLAMPED_SILU"),
        kernel("matmul", "up alone", "-7.0) + 1.0)", "-7.0))", option: "CLAMPED_SILU"),
        kernel(
            "matmul_bytes", "bias left out", "((value) + LOAD(bias, FIRST_BIAS + (place)))", "(value)", option: "biased"
        ),
    ]

    /// Faults in what layers with a constant state compute.
    static let states =
        convolutions + recurrences + [
            kernel("gated_norm", "gate of the first group", "gateOffset + group * width", "gateOffset"),
            kernel(
                "gated_norm", "weights of the first group", "group * weightStep + i", "i", option: "GATE_FIRST"),
            kernel(
                "gated_norm", "sum of one lane", "GROUP_SUM(HSUM4(squares))", "HSUM4(squares)", fallback: .noSubgroups),
            kernel("gated_norm", "sigmoid for silu", "((g) / (1.0 + exp", "(1.0 / (1.0 + exp"),
            kernel("gated_norm", "twice epsilon", "+ epsilon)", "+ 2.0 * epsilon)"),
        ]

    private static let convolutions = [
        kernel("convolve", "parts shorter than taps", ", 7u)", ", 1u)"),
        kernel("convolve", "state ignored", "(piece.w > 0)", "(piece.w > 100000u)"),
        kernel("convolve", "state of nobody", "(piece.w > 0)", "(piece.w + 1 > 0)"),
        kernel("convolve", "state behind the first part", "if (end < piece.y)", "if (end > piece.y)"),
        kernel("convolve", "taps in reverse", "EACH_QUAD(TAP, TAPS - 2 - $t)", "EACH_QUAD(TAP, $t)"),
        kernel("convolve", "kept in reverse", "STORE(pool, to + TAPS - 2 - $t", "STORE(pool, to + $t"),
        kernel("convolve", "bias left out", "sum += EACH_QUAD(BIAS_OF, 0);", "", option: "biased,"),
        kernel("convolve", "c left out", "sum *= COLUMN(ROW(r) + channels);", "", option: "GATED"),
        kernel("convolve", "b for x", "(COLUMN(ROW(r)) * COLUMN(ROW(r) + 2 * channels))", "COLUMN(ROW(r))"),
        kernel("convolve", "first page of all", "piece.z + firstPage + ", "piece.z + "),
        kernel("convolve", "rows over each other", "(row) % pageRows * (quads)", "(row) % pageRows"),
    ]

    private static let recurrences = [
        kernel("recur", "no decay", "m[4 * j + $i] * factor + ", "m[4 * j + $i] + "),
        kernel("recur", "keys as they are", "change *= unitKey_;", ""),
        kernel("recur", "no beta", ") * beta_;", ");", option: "DELTA"),
        kernel("recur", "step without bias", "+ biasOfHead;", ";"),
        kernel("recur", "softplus of what is negative", "max(x, 0.0) + 2.0", "2.0"),
        kernel("recur", "read before the change", "+ change * (unitKey_ * (kq))", "", option: "DELTA"),
        kernel("recur", "value left out", "+ value * skipOfHead", "", option: "SCAN"),
        kernel(
            "recur", "neighbours apart", "head * keyHeads / heads : head % keyHeads",
            "head % keyHeads : head % keyHeads", option: "groups,"),
        kernel(
            "recur", "neighbours together", "head * keyHeads / heads : head % keyHeads",
            "head * keyHeads / heads : head * keyHeads / heads", option: "modulo,"),
        kernel("recur", "state of nobody", "if (piece.w > 0)", "if (piece.w + 1 > 0)"),
        kernel("recur", "pages as long as the first", "(pageRows - (row) % pageRows)", "pageRows"),
        kernel(
            "recur", "sums read too early", "= product;\n        BARRIER;", "= product;", fallback: .gpu, option: "128"),
        kernel(
            "recur", "products of the first split", "scalars[turn * SPLITS + $s]", "scalars[turn * SPLITS]",
            fallback: .gpu, option: "128"),
        kernel(
            "recur", "rows of the next head", "16 * split < keySize", "16 * split <= keySize", fallback: .gpu,
            option: "48"),
    ]

    /// Faults in how rows are routed to experts.
    static let experts = [
        kernel("route", "the last of the best", "i < e)", "i > e)", option: "tied"),
        kernel(
            "route", "bias in the weight", "best[rank] = PROBABILITY(e)", "best[rank] = scores[e]", option: "biased,"),
        kernel("route", "not scaled", "float factor = scale;", "float factor = 1.0;", option: "2.5"),
        kernel("route", "no gap behind the logits", "TILE * stride", "TILE * experts", option: "gap"),
        kernel("route", "one too few", "rank < used", "rank + 1 < used"),
        kernel("group_experts", "lists that overlap", "first += counts[i];", "first++;", of: "route"),
        kernel("group_experts", "full tiles alone", "min(height, count - i)", "height", of: "route"),
        kernel("group_experts", "a tile of nobody", "tile = full + LANE", "tile = full + 1 + LANE", of: "route"),
        kernel("combine", "one weight for all", "(weights, TILE * used + k)", "(weights, TILE * used)"),
        kernel("combine", "rows of others", "offset + TILE", "TILE", option: "behind"),
        kernel("combine", "what is there is lost", "LOAD(y, at) + sum", "sum", option: "added"),
        kernel("matmul", "first expert for all", "(expert_ * panels)", "0u", option: "experts"),
        kernel("matmul", "slots for rows", "/ share)", "/ 1u)", option: "experts"),
        kernel(
            "matmul", "slots in order", "LOAD(places, list_ + (row))", "(list_ - 4 * rows + (row))", option: "experts"),
        kernel("matmul", "bias of the first expert", "(expert_ * columns * ", "(0u * columns * ", option: "experts"),
    ]

    /// Faults in what shards are added up by.
    static let shards = [
        kernel("sum_shards", "the first for all", "$s * slot + at", "0 * slot + at"),
        kernel("sum_shards", "the last pair left out", "sum4 += sum6;", "", option: "8"),
        kernel("sum_shards", "the third left out", "sum0 += sum2;", "", option: "3"),
        kernel("sum_shards", "what is there is lost", "LOAD(y, at) + sum0", "sum0", option: "added"),
    ]

    /// Faults in how the likeliest tokens are found.
    static let candidates = [
        kernel("candidates", "a bound too high", "rank + 1 == wanted", "rank + 2 == wanted", option: "64"),
        kernel("candidates", "the last of the likeliest", "places[i] < token", "places[i] > token", option: "tied,"),
        kernel("candidates", "no room watched", "all <= 256 ? all : 0u", "min(all, 256u)", option: "equal,"),
        kernel("candidates", "no gap behind the logits", "TILE * stride", "TILE * vocabulary", option: "gap"),
        kernel("candidates", "slope left out", "- most) * slope", "- most)", option: "0.3"),
        kernel("candidates", "weights of their own", ") - most)", "))"),
        kernel("candidates", "weight of one lane", "weight = GROUP_SUM(weight);", "", fallback: .noSubgroups),
        kernel("candidates", "a token of the block beside", "places[place] = i;", "places[place] = i + 1;"),
    ]

    /// Faults in norms of rows and of heads.
    static let norms = [
        kernel(
            "norm", "loop one short", "i_ < (n); i_ += GROUP_SIZE) { \\", "i_ + 1 < (n); i_ += GROUP_SIZE) { \\"),
        kernel("norm", "sources ignored", "LOAD(sources, TILE) * n", "TILE * n"),
        kernel("norm", "what is there is lost", "LOAD(y, TILE * n + i) + v", "v", option: "added"),
        kernel("norm", "not scaled", "v * scale", "v", option: "added"),
        kernel(
            "norm", "mean of one lane", "GROUP_SUM(HSUM4(sum_))", "HSUM4(sum_)", fallback: .noSubgroups,
            option: "mean"),
        kernel("norm", "mean left in", "((v) - mean)", "(v)", option: "mean"),
        kernel(
            "norm", "variance around zero", "LESS_MEAN_(LOAD(x, (from) + i_))", "LOAD(x, (from) + i_)",
            option: "mean"),
        kernel("norm", "twice epsilon", "+ epsilon", "+ 2.0 * epsilon"),
        kernel("norm", "sum in place of mean", " / float(4 * (n)) + epsilon", " + epsilon"),
        kernel("norm", "sum of one lane", "GROUP_SUM(HSUM4(squares_))", "HSUM4(squares_)", fallback: .noSubgroups),
        kernel(
            "norm", "bias scaled", "(SCALED_(v, at) + LOAD(bias, at))", "(SCALED_((v) + LOAD(bias, at), at))",
            option: "biased"),
        kernel("norm", "bias left out", "(SCALED_(v, at) + LOAD(bias, at))", "SCALED_(v, at)", option: "biased"),
        kernel("head_norm", "weight of queries for keys", "isKey ? LOAD(keyWeight, i) : ", ""),
        kernel(
            "head_norm", "a key too few", "(isKey ? part - queries : part)", "(isKey ? part - queries + 1 : part)"),
        kernel("head_norm", "keys where queries are", "isKey ? queries * queryWidth : 0", "0"),
        kernel("head_norm", "loop one short", "i < n; i += GROUP_SIZE) {", "i + 1 < n; i += GROUP_SIZE) {"),
    ]
}
