import KVCache
import Testing

struct KVShapeTests {
    @Test(arguments: [
        (64, KVType.f16, 64), (128, .f16, 32), (128, .f32, 16), (32, .q8_0, 204), (64, .q8_0, 112), (80, .q8_0, 92),
        (128, .q8_0, 60), (80, .f16, 48), (96, .f16, 40), (256, .f16, 16), (2048, .f16, 2), (2731, .f16, 1),
    ])
    func tokensPerPage(headSize: Int, type: KVType, expected: Int) throws {
        let shape = try KVShape(layers: 3, kvHeads: 2, headSize: headSize, type: type)
        #expect(shape.tokensPerPage == expected)
        #expect(expected * type.bytesPerToken(headSize: headSize) + shape.unusedBytesPerPage == 16_384)
        #expect(shape.pagesPerBlock == 6)
    }

    @Test func countsBlocksAndPages() throws {
        let shape = try KVShape(layers: 30, kvHeads: 3, headSize: 64)
        #expect(shape.blocks(for: 0) == 0)
        #expect(shape.blocks(for: 64) == 1)
        #expect(shape.blocks(for: 65) == 2)
        #expect(shape.pages(for: 65) == 180)
    }

    @Test func refusesWhatCannotBe() {
        #expect(throws: KVError.tokenExceedsPage(tokenBytes: 16_388, pageBytes: 16_384)) {
            try KVShape(layers: 1, kvHeads: 1, headSize: 4097)
        }
        #expect(throws: KVError.invalidShape(layers: 0, kvHeads: 1, headSize: 64)) {
            try KVShape(layers: 0, kvHeads: 1, headSize: 64)
        }
    }
}
