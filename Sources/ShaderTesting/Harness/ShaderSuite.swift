package import Kernels

/// The cases that a device is tested with.
package struct ShaderSuite: Sendable {
    /// The kernels that there are cases for.
    package static let kernels = [
        "attention", "candidates", "combine", "convolve", "embed", "gated_norm", "head_norm", "matmul", "matmul_bytes",
        "norm", "probe_copy", "probe_fma", "quantise", "recur", "rope_store", "route", "sum_shards",
    ]

    /// Only cases of this kernel, if any is named.
    package var kernel: String?
    /// A short part of all cases, with fewer repetitions.
    package var isQuick: Bool
    /// Only weights of these formats.
    package var formats: [WeightFormat]

    package init(kernel: String? = nil, isQuick: Bool = false, formats: [WeightFormat] = WeightFormat.allCases) {
        self.kernel = kernel
        self.formats = formats
        self.isQuick = isQuick
    }

    /// Runs of each case, which must all give the same bits.
    var times: Int { isQuick ? 3 : 10 }

    /// The cases for a device with features switched off: those of the tables, then random ones where all is on.
    package func cases(_ fallback: Fallback) -> [any ShaderCase] {
        let all: [[any ShaderCase]] = [
            MatMulCase.table(fallback, isQuick: isQuick), ExpertProductCase.table(fallback, isQuick: isQuick),
            RouteCase.table(fallback, isQuick: isQuick), CombineCase.table(fallback, isQuick: isQuick),
            BatchCase.table(fallback, isQuick: isQuick),
            AttentionCase.table(fallback, isQuick: isQuick), AttentionBatchCase.table(fallback, isQuick: isQuick),
            RopeStoreCase.table(fallback, isQuick: isQuick),
            EmbedCase.table(fallback, isQuick: isQuick), NormCase.table(fallback, isQuick: isQuick),
            HeadNormCase.table(fallback, isQuick: isQuick),
            QuantiseCase.table(fallback, isQuick: isQuick), ConvolutionCase.table(fallback, isQuick: isQuick),
            RecurrenceCase.table(fallback, isQuick: isQuick), GatedNormCase.table(fallback, isQuick: isQuick),
            SumShardsCase.table(fallback, isQuick: isQuick), CandidateCase.table(fallback, isQuick: isQuick),
            ProbeCopyCase.table(fallback, isQuick: isQuick), ProbeFMACase.table(fallback, isQuick: isQuick),
            fallback == .none && !isQuick ? Self.random(24) : [],
        ]
        return all.joined().filter { test in
            (kernel == nil || test.kernel == kernel) && test.weights.map(formats.contains) ?? true
        }
    }

    /// Random shapes of the variants that the tables have compiled anyway; the same in every run.
    package static func random(_ count: Int, seed: UInt64 = 1) -> [any ShaderCase] {
        var numbers = Numbers(seed: seed)
        return (0..<count).flatMap { _ -> [any ShaderCase] in
            [
                MatMulCase.random(&numbers), AttentionCase.random(&numbers), RopeStoreCase.random(&numbers),
                EmbedCase.random(&numbers), NormCase.random(&numbers), HeadNormCase.random(&numbers),
                QuantiseCase.random(&numbers), ConvolutionCase.random(&numbers), RecurrenceCase.random(&numbers),
                GatedNormCase.random(&numbers), SumShardsCase.random(&numbers),
                CandidateCase.random(&numbers),
            ]
        }
    }
}
