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
        kernel("matmul", "no square", "max(x, 0.0) * ", "", option: "SQUARED_RELU"),
        kernel("matmul", "gate without bound", "(min(x, 7.0) / ", "((x) / ", option: "CLAMPED_SILU"),
        kernel("matmul", "up without lower bound", "max(min(up, 7.0), -7.0)", "min(up, 7.0)", option: "CLAMPED_SILU"),
        kernel("matmul", "up alone", "-7.0) + 1.0)", "-7.0))", option: "CLAMPED_SILU"),
        kernel(
            "matmul_bytes", "bias left out", "((value) + LOAD(bias, FIRST_BIAS + (place)))", "(value)", option: "biased"
        ),
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
        kernel("matmul", "first expert for all", "(expert_ * panels)", "0u", option: "experts"),
        kernel("matmul", "slots for rows", "/ share)", "/ 1u)", option: "experts"),
        kernel(
            "matmul", "slots in order", "LOAD(places, list_ + (row))", "(list_ - 4 * rows + (row))", option: "experts"),
        kernel("matmul", "bias of the first expert", "(expert_ * columns * ", "(0u * columns * ", option: "experts"),
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
