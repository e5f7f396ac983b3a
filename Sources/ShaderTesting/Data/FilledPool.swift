import Kernels
import Quantities

/// A pool with random keys and values. All else in it is no number: tokens behind a sequence's end, other layers, free
/// pages, and so what a table names for blocks that were given back.
struct FilledPool {
    /// `[sequences][KV heads][tokens][headSize]`, empty where a token was given back
    private(set) var keys: [[[[Float]]]] = []
    private(set) var values: [[[[Float]]]] = []
    private(set) var words: [UInt32]

    init(_ pages: PagedSequences, special: AttentionCase.Special?, numbers: inout Numbers) {
        words = [UInt32](repeating: TestBuffer.guardWord, count: pages.poolWordCount)
        for (sequence, length) in pages.lengths.enumerated() {
            var sides: [[[[Float]]]] = [[], []]
            for kvHead in 0..<pages.shape.kvHeads {
                for side in [PagedSequences.Side.key, .value] {
                    var vectors: [[Float]] = []
                    for position in 0..<length {
                        guard position / pages.shape.page.tokensPerPage >= pages.firstBlocks[sequence] else {
                            vectors.append([])
                            continue
                        }
                        let isSpecial =
                            sequence == 0 && position == length - 1 && special?.isInValue == (side == .value)
                        vectors.append(
                            store(
                                side, .init(sequence: sequence, position: position), kvHead, pages,
                                special: isSpecial ? special?.value : nil, &numbers))
                    }
                    sides[side.rawValue].append(vectors)
                }
            }
            keys.append(sides[0])
            values.append(sides[1])
        }
    }

    /// - Parameter special: stands in one element; in blocks it is the scale of the first.
    /// - Returns: the vector that stands in the pool now.
    private mutating func store(
        _ side: PagedSequences.Side, _ row: PagedSequences.Row, _ kvHead: Int, _ pages: PagedSequences,
        special: SpecialValue?, _ numbers: inout Numbers
    ) -> [Float] {
        var vector: [Float] = []
        // Numbers with few enough bits that a byte times a scale is exact, as in what the kernel stores.
        var scale: Float = 0
        for element in 0..<pages.shape.headSize {
            let (word, part) = pages.place(side, element, of: row, kvHead: kvHead)
            switch part {
            case .float:
                vector.append((element == 5 ? special : nil)?.float ?? numbers.float())
                words[word] = vector[element].bitPattern
            case .lowHalf, .highHalf:
                let half = (element == 5 ? special : nil).map { Float16($0.weight(.f16)) } ?? numbers.half()
                vector.append(Float(half))
                words[word].setHalf(half.bitPattern, isHigh: part == .highHalf)
            case .byte(let index, let scaleWord, let isHigh):
                if element % 32 == 0 {
                    scale = Float(bitPattern: (numbers.float() / 127).bitPattern & 0xffff_0000)
                    if element == 0, let special { scale = special.float }
                    words[scaleWord].setHalf(UInt16(scale.bitPattern >> 16), isHigh: isHigh)
                }
                let byte = Int8(truncatingIfNeeded: numbers.next())
                vector.append(Float(byte) * scale)
                words[word].setByte(index, to: UInt8(bitPattern: byte))
            case .wholeByte: preconditionFailure("bytes of a page have scales")
            }
        }
        return vector
    }
}

extension UInt32 {
    fileprivate mutating func setHalf(_ bits: UInt16, isHigh: Bool) {
        self = isHigh ? self & 0xffff | UInt32(bits) << 16 : self & 0xffff_0000 | UInt32(bits)
    }

    fileprivate mutating func setByte(_ index: Int, to byte: UInt8) {
        self = self & ~(0xff << (8 * index)) | UInt32(byte) << (8 * index)
    }
}
