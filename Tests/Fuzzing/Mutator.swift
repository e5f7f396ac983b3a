package import Quantities

/// Damages good inputs, as a careless or hostile hand would: pieces are cut out, doubled, moved, replaced and repeated.
package struct Mutator: Sendable {
    private let corpus: [[UInt8]]
    private let words: [[UInt8]]

    /// - Parameters:
    ///   - corpus: good inputs.
    ///   - words: what means something in them.
    package init(_ corpus: [String], words: [String]) {
        self.init(corpus: corpus.map { Array($0.utf8) }, words: words.map { Array($0.utf8) })
    }

    package init(corpus: [[UInt8]], words: [[UInt8]]) {
        precondition(!corpus.isEmpty && !words.isEmpty, "there is nothing to begin with")
        (self.corpus, self.words) = (corpus, words)
    }

    /// Bytes of any kind.
    package func bytes(_ random: inout SplitMix64) -> [UInt8] {
        var bytes = corpus[random.integer(in: 0...corpus.count - 1)]
        for _ in 0..<random.integer(in: 1...5) { mutate(&bytes, &random) }
        return bytes
    }

    /// The same as a text; what is no UTF-8 becomes replacement characters.
    package func text(_ random: inout SplitMix64) -> String { String(decoding: bytes(&random), as: UTF8.self) }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        let start = random.integer(in: 0...bytes.count)
        let end = min(bytes.count, start + random.integer(in: 0...16))
        let word = words[random.integer(in: 0...words.count - 1)]
        switch random.integer(in: 0...8) {
        case 0: bytes.removeSubrange(start..<end)
        case 1: bytes.insert(contentsOf: bytes[start..<end], at: random.integer(in: 0...bytes.count))
        case 2: bytes.insert(contentsOf: word, at: start)
        case 3: bytes.replaceSubrange(start..<end, with: word)
        case 4: bytes.replaceSubrange(start..<end, with: (start..<end).map { _ in UInt8(random.integer(in: 0...255)) })
        case 5: for index in start..<end where random.integer(in: 0...3) == 0 { bytes[index] ^= 1 << UInt8(index % 8) }
        case 6:
            let other = corpus[random.integer(in: 0...corpus.count - 1)]
            bytes.replaceSubrange(start..., with: other[random.integer(in: 0...other.count)...])
        case 7: bytes.removeSubrange(start...)
        default:
            // Now and then so often that whoever calls itself for each runs out of stack.
            let count = random.integer(in: 0...99) == 0 ? 20_000 : random.integer(in: 2...40)
            bytes.insert(contentsOf: (0..<count).flatMap { _ in word }, at: start)
        }
    }
}
