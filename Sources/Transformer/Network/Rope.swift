import Foundation

/// How queries and keys are turned by their positions. Source: Su et al. 2021.
package struct Rope: Sendable, Hashable {
    /// Which elements of a head are turned together: 2 i and 2 i + 1, or i and i + rotated / 2.
    package enum Pairs: Sendable, Hashable { case neighbours, halves }

    package enum Scaling: Sendable, Hashable {
        /// Angles are divided by the factor; 1 leaves them.
        case linear(Float)
        case yarn(YaRN)
    }

    /// Slow pairs are divided by the factor, fast ones left as they are, with a ramp between. Source: Peng et al. 2023.
    package struct YaRN: Sendable, Hashable {
        package var factor: Float
        /// Tokens that the network was trained for first.
        package var originalContext: Int
        /// Turns within these tokens above which a pair is fast, and below which it is slow.
        package var fast: Float = 32
        package var slow: Float = 1
    }

    /// By what the angle of each pair is divided besides.
    package enum Divisors: Sendable, Hashable {
        case none
        /// `rope_freqs` of the file.
        case given
        /// `rope_factors_long` where sequences may have more tokens, else `rope_factors_short`. Decided once for all
        /// sequences: another choice would not fit the keys that are kept.
        case beyond(context: Int)
    }

    /// What queries are multiplied with besides, so that attention stays sharp in long contexts:
    /// `1 + scale * ln(1 + floor(position / length))`.
    package struct Temperature: Sendable, Hashable {
        package var scale: Float
        package var length: Int
    }

    package var base: Float
    /// Leading elements of a head that are turned; even.
    package var rotated: Int
    package var pairs: Pairs
    package var scaling = Scaling.linear(1)
    package var divisors = Divisors.none
    /// What sines and cosines are multiplied with.
    package var magnitude: Float = 1
    package var temperature: Temperature?
    /// How many pairs turn by time, height and width, taken by turns: positions of a picture, which are one in a text.
    /// Pairs beyond these turn by a fourth, which a text has not, so they stand still. Empty where all turn.
    package var sections: [Int] = []

    /// Elements that kernels turn: whole eights, of which those behind `rotated` are turned by nothing.
    package var paddedRotated: Int { (rotated + 7) / 8 * 8 }

    /// The same for keys.
    var ofKeys: Rope {
        var rope = self
        rope.temperature = nil
        return rope
    }

    /// The angle of each pair at position 1.
    /// - Parameter divisors: `[rotated / 2]`, where there are any.
    package func frequencies(divisors: [Float]?) -> [Double] {
        (0..<rotated / 2).map { pair in
            guard turns(pair) else { return 0 }
            let plain = pow(Double(base), -2 * Double(pair) / Double(rotated)) / Double(divisors?[pair] ?? 1)
            switch scaling {
            case .linear(let factor): return plain / Double(factor)
            case .yarn(let yarn):
                let slow = yarn.slowness(of: pair, rotated: rotated, base: base)
                return plain / Double(yarn.factor) * slow + plain * (1 - slow)
            }
        }
    }

    private func turns(_ pair: Int) -> Bool {
        guard !sections.isEmpty else { return true }
        let place = pair % sections.reduce(0, +)
        return place / 3 < sections[place % 3]
    }

    /// What queries at a position are multiplied with.
    package func queryScale(at position: Int) -> Double {
        temperature.map { 1 + Double($0.scale) * log(1 + Double(position / $0.length)) } ?? 1
    }

    /// `[contextLength][paddedRotated / 2]` pairs of cosine and sine.
    ///
    /// A table, since the sine of a large angle is not precise on every GPU.
    func table(contextLength: Int, divisors: [Float]?) -> [Float] {
        let frequencies = frequencies(divisors: divisors), pairs = paddedRotated / 2
        return [Float](unsafeUninitializedCapacity: contextLength * pairs * 2) { table, count in
            for position in 0..<contextLength {
                let scale = queryScale(at: position), magnitude = Double(magnitude) * scale
                for pair in 0..<pairs {
                    let at = (position * pairs + pair) * 2
                    let isTurned = pair < frequencies.count
                    let angle = isTurned ? Double(position) * frequencies[pair] : 0
                    table[at] = Float(cos(angle) * (isTurned ? magnitude : scale))
                    table[at + 1] = Float(sin(angle) * magnitude)
                }
            }
            count = contextLength * pairs * 2
        }
    }
}

extension Rope.YaRN {
    /// 0 for pairs that are left as they are, 1 for those that are divided by the factor.
    fileprivate func slowness(of pair: Int, rotated: Int, base: Float) -> Double {
        func pairTurning(_ turns: Float) -> Double {
            Double(rotated) * log(Double(originalContext) / (2 * Double.pi * Double(turns))) / (2 * log(Double(base)))
        }
        let first = max(0, pairTurning(fast).rounded(.down))
        let last = min(Double(rotated - 1), pairTurning(slow).rounded(.up))
        return min(1, max(0, (Double(pair) - first) / max(0.001, last - first)))
    }
}
