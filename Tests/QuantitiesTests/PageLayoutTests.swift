import Quantities
import Testing

struct PageLayoutTests {
    @Test(arguments: [
        (64, KVType.f16, 64), (128, .f16, 32), (128, .f32, 16), (32, .q8_0, 204), (64, .q8_0, 112), (80, .q8_0, 92),
        (128, .q8_0, 60), (80, .f16, 48), (96, .f16, 40), (256, .f16, 16), (2048, .f16, 2), (2731, .f16, 1),
    ])
    func tokensPerPage(headSize: Int, type: KVType, expected: Int) throws {
        let shape = try KVShape(layers: 3, kvHeads: 2, headSize: headSize, type: type)
        #expect(shape.tokensPerPage == expected)
        #expect(expected * shape.page.bytesPerToken + shape.page.unusedBytes == 16_384)
        #expect(shape.pagesPerBlock == 6)
    }

    @Test func countsBlocksAndPages() throws {
        let shape = try KVShape(layers: 30, kvHeads: 3, headSize: 64)
        #expect(shape.pages(for: 0) == 0)
        #expect(shape.pages(for: 64) == 90)
        #expect(shape.pages(for: 65) == 180)
    }

    @Test func refusesWhatCannotBe() {
        #expect(throws: KVError.tokenExceedsPage(tokenBytes: 16_416, pageBytes: 16_384)) {
            try KVShape(layers: 1, kvHeads: 1, headSize: 4097)
        }
        #expect(throws: KVError.invalidShape(layers: 0, kvHeads: 1, headSize: 64)) {
            try KVShape(layers: 0, kvHeads: 1, headSize: 64)
        }
    }

    /// Keys, values and scales follow one another, whole words each, for every head up to 256 elements and every type.
    @Test(arguments: KVType.allCases, Array(stride(from: 16, through: 256, by: 16)))
    func partsOfAPageFollowOneAnother(type: KVType, headSize: Int) throws {
        let page = try PageLayout(type: type, headSize: headSize)
        let elements =
            switch type {
            case .f32: 4;
            case .f16: 2;
            case .q8_0: 1
            }
        #expect(page.valueOffset == page.tokensPerPage * headSize * elements)
        #expect(page.scaleOffset == 2 * page.valueOffset)
        let blocks = (headSize + 31) / 32
        #expect(page.scaleWords == (type == .q8_0 ? (4 * blocks + 15) / 16 : 0))
        let used = page.scaleOffset + page.tokensPerPage * page.scaleWords * PageLayout.wordBytes
        #expect(used == page.tokensPerPage * page.bytesPerToken && used + page.unusedBytes == page.pageBytes)
        // A power of two that fills seven eighths, or a multiple of four.
        #expect(page.unusedBytes < 4 * page.bytesPerToken || page.unusedBytes * 8 <= page.pageBytes)
    }

    /// The tokens of a block are those of the largest heads in a page; smaller ones stand in it side by side.
    @Test func headsOfLayersMayDiffer() throws {
        let shape = try KVShape(
            heads: [KVHeads(count: 2, size: 256), KVHeads(count: 3, size: 128), KVHeads(count: 5, size: 80)],
            window: KVWindow(layers: 2, tokens: 9))
        #expect(shape.tokensPerPage == 16 && shape.layers.map(\.headsPerPage) == [1, 2, 3])
        #expect(shape.layers.map(\.pages) == [2, 2, 2] && shape.layers.map(\.firstPage) == [0, 2, 4])
        #expect(shape.pagesPerBlock == 6 && shape.windowedPerBlock == 4)
        #expect(shape.bytesPerToken == 4 * (2 * 256 + 3 * 128 + 5 * 80))
        for layer in shape.layers { #expect(layer.headsPerPage * layer.page.bytesPerHead <= 16_384) }
    }

    @Test func aShapeWithoutPagesHoldsAnyLength() throws {
        let none = try KVShape.withoutPages(pageBytes: 1024)
        #expect(!none.hasPages && !none.sharesPrefixes)
        #expect(none.pages(for: 1 << 20) == 0)
        #expect(none.mostPages(for: 1 << 20, chunk: 64) == 0)
        #expect(none.tokens(in: 0) == .max)
        #expect(none.mostTokens(in: 0, chunk: 64) == .max)
        #expect(none.dueShare == 0)
    }
}
