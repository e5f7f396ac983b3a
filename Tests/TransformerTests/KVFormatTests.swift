import KVCache
import Kernels
import Testing
import Transformer

/// The pool's bookkeeping and the kernels each know how tokens stand in pages; neither knows the other.
struct KVFormatTests {
    @Test(arguments: KVType.allCases, [32, 64, 80, 128])
    func poolAndKernelsAgree(_ type: KVType, _ headSize: Int) {
        let format = AttentionShape.KVFormat(type)
        #expect(type.bytesPerToken(headSize: headSize) == format.bytesPerToken(headSize: headSize))
    }

    @Test func everyFormatIsUsed() {
        #expect(Set(KVType.allCases.map { AttentionShape.KVFormat($0) }) == Set(AttentionShape.KVFormat.allCases))
    }
}
