import Kernels
import Quantities
import Testing

struct AttentionMaskTests {
    static let masks: [AttentionMask] = [
        .causal, .sliding(window: 1), .sliding(window: 4), .sliding(window: 700), .chunked(length: 1),
        .chunked(length: 12), .chunked(length: 600), .whole, .symmetric(window: 1), .symmetric(window: 6),
        .symmetric(window: 1200),
    ]

    /// The rules as models' papers and programs put them: of two positions.
    private static func isSeen(_ key: Int, from query: Int, _ mask: AttentionMask) -> Bool {
        switch mask {
        case .causal: key <= query
        case .sliding(let window): key <= query && query - key < window
        case .chunked(let length): key <= query && key >= query / length * length
        case .whole: true
        case .symmetric(let window): abs(query - key) <= window / 2
        }
    }

    @Test(arguments: masks)
    func tokensAreThoseThatTheRuleShows(_ mask: AttentionMask) {
        for length in [1, 2, 7, 30, 1300] {
            for position in stride(from: 0, to: length, by: length > 100 ? 97 : 1) {
                let tokens = mask.tokens(at: position, of: length)
                #expect(Array(tokens) == (0..<length).filter { Self.isSeen($0, from: position, mask) })
                #expect(tokens.contains(position) && tokens.count <= mask.most(of: length))
            }
        }
    }

    /// As `attention.part` cuts a row's tokens.
    private static func parts(of tokens: Range<Int>) -> (count: Int, first: Int, length: Int) {
        let first = tokens.lowerBound / LaunchShape.partTokens * LaunchShape.partTokens
        var length = tokens.count > LaunchShape.partTokens ? LaunchShape.partTokens : 2 * LaunchShape.partTokens
        while LaunchShape.parts * length < tokens.upperBound - first { length *= 2 }
        return ((tokens.upperBound - first + length - 1) / length, first, length)
    }

    /// There are groups for all parts of a row, each of which has a token of it; and a row that fits in one part has
    /// one.
    @Test func partsHoldARow() {
        var numbers = SplitMix64(seed: 5)
        func below(_ bound: Int) -> Int { Int(numbers.next() % UInt64(bound)) }
        for _ in 0..<20_000 {
            let length = 1 + below(below(4) == 0 ? 100_000 : 6000), window = 1 + below(9000), position = below(length)
            let masks: [AttentionMask] = [
                .causal, .sliding(window: window), .chunked(length: window), .whole, .symmetric(window: window),
            ]
            let mask = masks[below(masks.count)]
            let tokens = mask.tokens(at: position, of: length), parts = Self.parts(of: tokens)
            #expect(parts.count <= LaunchShape.partCount(longest: length, mask), "\(mask) at \(position) of \(length)")
            #expect((parts.count > 1) == (tokens.count > LaunchShape.partTokens))
            for part in 0..<parts.count {
                let start = parts.first + part * parts.length
                #expect(!tokens.clamped(to: start..<start + parts.length).isEmpty)
            }
        }
    }

    @Test(arguments: [
        (AttentionMask.causal, 512, 1), (.causal, 513, 2), (.causal, 1025, 3), (.causal, 100_000, 8),
        (.sliding(window: 512), 100_000, 1), (.sliding(window: 513), 513, 2), (.sliding(window: 1024), 100_000, 3),
    ])
    func contextsThatAreShownInFullAreCutAsBefore(_ mask: AttentionMask, _ longest: Int, _ parts: Int) {
        #expect(LaunchShape.partCount(longest: longest, mask) == parts)
    }
}
