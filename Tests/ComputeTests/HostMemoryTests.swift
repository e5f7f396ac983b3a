import Compute
import Testing

struct HostMemoryTests {
    @Test func reservationsAreZeros() throws {
        let memory = try HostMemory(byteCount: 5000)
        #expect(memory.byteCount == 5000)
        #expect(memory.bytes.allSatisfy { $0 == 0 })
        #expect(Int(bitPattern: memory.bytes.baseAddress) % HostMemory.alignment == 0)
        #expect(HostMemory.pages(5000) == 8192 && HostMemory.pages(4096) == 4096)
    }

    /// The kernel would promise it, and end the process when the promise is called in.
    @Test func moreThanThereIsIsRefused() {
        for asked in [1 << 40, Int.max - 4096] {
            #expect {
                try HostMemory(byteCount: asked)
            } throws: {
                guard case .outOfMemory("host", asked, let available?)? = $0 as? ComputeError else { return false }
                return available > 0 && available < asked
            }
        }
    }
}
