import Kernels
import Quantities

extension AttentionCase {
    /// One token, a page but one, a full page, one more, several pages: the ends at the borders of pages.
    private static let lengths = [1, 7, 8, 9, 33]

    static func table(_ fallback: Fallback, isQuick: Bool) -> [AttentionCase] {
        switch fallback {
        case .none where isQuick:
            return [
                AttentionCase(kv: .f16, headSize: 64, ratio: 3, lengths: lengths, tail: 2),
                AttentionCase(kv: .f16, headSize: 64, ratio: 3, lengths: [31, 65], tail: 2, factor: 400),
                AttentionCase(kv: .f32, headSize: 64, ratio: 3, lengths: lengths, tail: 2),
                AttentionCase(kv: .f16, headSize: 32, ratio: 1, lengths: lengths, tail: 2),
                AttentionCase(kv: .f16, headSize: 80, ratio: 2, lengths: lengths, tail: 2),
                AttentionCase(kv: .f16, headSize: 128, ratio: 4, lengths: lengths, tail: 2),
                AttentionCase(kv: .f32, headSize: 128, ratio: 1, lengths: lengths, tail: 2),
                AttentionCase(kv: .f16, headSize: 96, ratio: 2, lengths: lengths, tail: 2),
                AttentionCase(kv: .f16, headSize: 192, ratio: 1, lengths: lengths, tail: 2),
            ] + alone + blocks + masks + scores + shared
        case .none: return ratios + alone + long + specials + masks + scores + combined + shared
        case .smallBindings:
            // A page must divide a window. Many heads are slow to compile where more than the pool is cut.
            return [
                AttentionCase(kv: .f32, headSize: 32, ratio: 1, lengths: [99, 9], tail: 99, slack: 2048),
                AttentionCase(kv: .f16, headSize: 64, ratio: 3, lengths: [39, 9], tail: 9, slack: 2048),
                AttentionCase(
                    kv: .f16, headSize: 64, ratio: 3, lengths: [39, 9], tail: 9, slack: 2048,
                    mask: .sliding(window: 7)),
                AttentionCase(kv: .q8_0, headSize: 64, ratio: 3, lengths: [39, 9], tail: 9, slack: 2944),
            ]
        case .gpu:
            let f16 = AttentionCase(kv: .f16, headSize: 64, ratio: 3, lengths: lengths + [257], tail: 2, factor: 40)
            // Rows that stand alone; and several hundred of one sequence, in tiles whose rows reach differently far.
            let some = [
                f16.with(\.kv, .q8_0).with(\.headSize, 80).with(\.tail, 1).with(\.lengths, [9, 519]),
                f16.with(\.lengths, [519, 30]).with(\.tail, 9),
                f16.with(\.kv, .q8_0).with(\.headSize, 256).with(\.ratio, 2).with(\.lengths, [9, 300]),
                f16.with(\.headSize, 16).with(\.lengths, [9, 300]).with(\.kvHeads, 3).with(\.pageHeads, 2),
                // Where contexts are cut into eight parts, and one token more into five.
                f16.with(\.lengths, [4098]).with(\.tail, 4).with(\.kvHeads, 1).with(\.pageTokens, 64),
            ]
            return [f16] + some + masksOfGroups(f16) + scoresOfGroups(f16, isQuick: isQuick) + (isQuick ? [] : groups)
        case .smallGPU:
            return [AttentionCase(kv: .f32, headSize: 128, ratio: 5, lengths: [9, 257], tail: 2, factor: 40)]
        // Sums through shared memory take compilers long: lavapipe minutes, where there are many of them.
        case .noSubgroups:
            let f16 = AttentionCase(kv: .f16, headSize: 80, ratio: 1, lengths: lengths, tail: 2, factor: 40)
            return isQuick
                ? [f16]
                : [
                    f16, f16.with(\.mask, .sliding(window: 11)), f16.with(\.headSize, 64).with(\.ratio, 3),
                    f16.with(\.kv, .f32).with(\.headSize, 32).with(\.ratio, 8),
                ]
        default:
            let f16 = AttentionCase(kv: .f16, headSize: 64, ratio: 3, lengths: lengths + [65], tail: 2, factor: 40)
            // The last block of a head of 80 is a short one.
            let q8 = f16.with(\.kv, .q8_0).with(\.headSize, 80), window = f16.with(\.mask, .sliding(window: 11))
            return isQuick
                ? [f16, q8, window]
                : [
                    f16, window, f16.with(\.kv, .f32).with(\.headSize, 32).with(\.ratio, 8), f16.with(\.headSize, 80),
                    q8,
                ]
        }
    }

    /// Rows that stand alone, as those of decodes do.
    private static var alone: [AttentionCase] {
        KVType.allCases.map {
            AttentionCase(kv: $0, headSize: 64, ratio: 3, lengths: lengths + [131], tail: 1, pageTokens: 64)
        }
    }

    /// Scales in part of a word, in one and in two, and each number of queries to a key.
    private static var blocks: [AttentionCase] {
        zip([16, 32, 64, 80, 128, 256], [4, 4, 3, 1, 2, 1]).map {
            AttentionCase(kv: .q8_0, headSize: $0, ratio: $1, lengths: lengths, tail: 2)
        }
    }

    /// Windows that begin at every place of the tokens that a lane takes at once, shorter and longer than a page; and
    /// rows that look ahead.
    private static var masks: [AttentionCase] {
        let plain = AttentionCase(kv: .f16, headSize: 64, ratio: 3, lengths: [1, 9, 33, 66], tail: 5)
        let masks = [
            AttentionMask.sliding(window: 1), .sliding(window: 5), .sliding(window: 16), .chunked(length: 12), .whole,
            .symmetric(window: 7),
        ]
        return masks.map { plain.with(\.mask, $0) }
    }

    /// Heads that share pages, the last of which is not full.
    private static var shared: [AttentionCase] {
        KVType.allCases.map {
            AttentionCase(
                kv: $0, headSize: 64, ratio: 2, kvHeads: 3, lengths: [1, 9, 33], tail: 2, pageHeads: 2)
        }
    }

    /// What else becomes of scores.
    private static var scores: [AttentionCase] {
        let plain = AttentionCase(kv: .f16, headSize: 64, ratio: 3, lengths: [1, 7, 34], tail: 2)
        return [
            plain.with(\.scale, 0.3), plain.with(\.cap, 5).with(\.factor, 20), plain.with(\.hasSinks, true),
            plain.with(\.hasSinks, true).with(\.mask, .sliding(window: 6)),
        ]
    }

    /// All of it at once, in every number format.
    private static var combined: [AttentionCase] {
        KVType.allCases.flatMap { kv in
            [64, 128].map { size in
                AttentionCase(
                    kv: kv, headSize: size, ratio: 2, lengths: [3, 40, 77], tail: 4, factor: 20,
                    mask: .sliding(window: 21), scale: 0.1, cap: 8, hasSinks: true)
            }
        }
    }

    /// Windows within the tokens that a group takes at once, across two turns, and cut into parts; in tiles whose rows
    /// begin with different tokens.
    private static func masksOfGroups(_ f16: AttentionCase) -> [AttentionCase] {
        let rows = f16.with(\.lengths, [30, 300]).with(\.tail, 9)
        let long = f16.with(\.lengths, [4098]).with(\.tail, 4).with(\.kvHeads, 1).with(\.pageTokens, 64)
        return [
            rows.with(\.mask, .sliding(window: 5)), rows.with(\.mask, .sliding(window: 70)),
            rows.with(\.mask, .chunked(length: 250)), rows.with(\.mask, .symmetric(window: 12)),
            f16.with(\.lengths, [9, 519]).with(\.mask, .whole), long.with(\.mask, .sliding(window: 700)),
            // Not cut, across the border between two parts; and rows that stand alone.
            long.with(\.mask, .sliding(window: 400)), long.with(\.mask, .sliding(window: 3000)).with(\.tail, 1),
        ]
    }

    /// Contexts in one part, and in two.
    private static func scoresOfGroups(_ f16: AttentionCase, isQuick: Bool) -> [AttentionCase] {
        let rows = f16.with(\.tail, 3).with(\.factor, 4)
        let scores =
            [rows.with(\.cap, 5).with(\.hasSinks, true)]
            + (isQuick ? [] : [rows.with(\.cap, 5), rows.with(\.hasSinks, true)])
        return scores.flatMap { test in [[9, 300], [9, 600]].map { test.with(\.lengths, $0) } }
            + scores.suffix(1).map { $0.with(\.lengths, [9, 600]).with(\.mask, .sliding(window: 530)) }
    }

    /// Every number of queries to a key that each head size has registers for, and beyond.
    private static var ratios: [AttentionCase] {
        KVType.allCases.flatMap { kv in
            PageLayout.headSizes.flatMap { size in
                [1, 2, 3, 4, 8].map { AttentionCase(kv: kv, headSize: size, ratio: $0, lengths: lengths, tail: 2) }
            }
        }
    }

    /// Each size of a head that groups work on, those beyond what a lane could hold too.
    private static var groups: [AttentionCase] {
        zip([16, 32, 96, 128, 192, 256], [4, 8, 2, 4, 1, 6]).flatMap { size, ratio in
            KVType.allCases.map {
                AttentionCase(kv: $0, headSize: size, ratio: ratio, lengths: lengths + [519], tail: 2)
            }
        }
    }

    private static var long: [AttentionCase] {
        [
            AttentionCase(kv: .f16, headSize: 64, ratio: 3, lengths: [257, 127, 31], tail: 3),
            AttentionCase(kv: .f16, headSize: 64, ratio: 3, lengths: [257, 127, 31], tail: 3, factor: 400),
            AttentionCase(kv: .f32, headSize: 64, ratio: 3, lengths: [64, 16], tail: 1, pageTokens: 16, factor: 400),
            AttentionCase(kv: .f32, headSize: 64, ratio: 3, lengths: [5, 4], tail: 5, pageTokens: 4),
            AttentionCase(kv: .f16, headSize: 64, ratio: 1, kvHeads: 3, lengths: [65], tail: 65, pageTokens: 28),
            AttentionCase(kv: .f16, headSize: 64, ratio: 1, kvHeads: 1, lengths: [5], tail: 0),
            AttentionCase(kv: .q8_0, headSize: 64, ratio: 3, lengths: [257, 127, 31], tail: 3, factor: 400),
            AttentionCase(kv: .q8_0, headSize: 64, ratio: 3, lengths: [65], tail: 65, pageTokens: 28),
        ]
    }

    /// A sequence with a key or value that is no number must not touch the other. Infinite keys are left out, as a
    /// score may then be finite or not; so are subnormal halves and scales, which Vulkan drivers may or may not take
    /// for zero.
    private static var specials: [AttentionCase] {
        KVType.allCases.flatMap { kv in
            SpecialValue.allCases.filter { kv == .f32 || $0 != .subnormal }.flatMap { value in
                [false, true].filter { $0 || !value.float.isInfinite }.map { isInValue in
                    AttentionCase(
                        kv: kv, headSize: 64, ratio: 3, lengths: [9, 17], tail: 1,
                        special: Special(value: value, isInValue: isInValue))
                }
            }
        }
    }

    static func random(_ numbers: inout Numbers) -> AttentionCase {
        AttentionCase(
            kv: numbers.pick(KVType.allCases), headSize: numbers.pick(PageLayout.headSizes),
            ratio: 1 + numbers.below(4),
            kvHeads: 1 + numbers.below(3), lengths: (0...numbers.below(4)).map { _ in 1 + numbers.below(80) },
            tail: 1 + numbers.below(4), pageTokens: 4 * (1 + numbers.below(10)), factor: numbers.pick([1, 20, 400]),
            mask: numbers.pick([
                .causal, .sliding(window: 1 + numbers.below(40)), .chunked(length: 1 + numbers.below(40)), .whole,
                .symmetric(window: 1 + numbers.below(40)),
            ]))
    }
}
