import Compute
import Kernels
import Quantities
import TestDevices
import Testing

struct AttentionTests {
    private static let shape = AttentionShape(
        heads: 8, kvHeads: 2, rotated: 64, pagesPerBlock: 6,
        page: PageLayout(type: .f16, headSize: 64, pageBytes: 1 << 14, tokensPerPage: 60))

    private static func attention(
        on device: IdleDevice, sinkBytes: Int? = nil, mask: AttentionMask = .causal
    ) throws -> Attention {
        let buffer = try device.makeBuffer(byteCount: 1 << 16, access: .device, label: "any")
        let sinks = try sinkBytes.map { try device.makeBuffer(byteCount: $0, access: .device, label: "sinks") }
        return try Attention(
            KernelSet(device: device), shape, AttentionScores(scale: 1, sinks: sinks), qkv: buffer,
            rows: RowBuffers(rows: buffer, mask: mask, tables: buffer), pool: buffer, y: buffer)
    }

    @Test func tooFewSinksAreRefused() throws {
        let error = #expect(throws: ComputeError.self) { try Self.attention(on: IdleDevice(), sinkBytes: 28) }
        #expect(error?.description.contains("28 bytes of sinks are too few for 8 heads") == true)
        _ = try Self.attention(on: IdleDevice(), sinkBytes: 32)
    }

    /// However long the context, a window of one part is not cut.
    @Test(arguments: [
        (AttentionMask.causal, 512, false), (.causal, 513, true), (.sliding(window: 512), 90_000, false),
        (.sliding(window: 513), 90_000, true), (.chunked(length: 400), 90_000, false), (.whole, 90_000, true),
    ])
    func whatIsSeenDecidesWhetherItIsCut(_ mask: AttentionMask, _ longest: Int, _ isCut: Bool) throws {
        var limits = DeviceLimits.generous
        limits.actAsGPU()
        let device = IdleDevice(limits: limits)
        let attention = try Self.attention(on: device, mask: mask)
        try device.makeLane(label: "test").run {
            attention.encode($0, rows: 3, pieces: 3, longest: longest, layer: LayerPlace(page: 2))
        }
        #expect(device.dispatched.contains { $0.hasPrefix("attention_merge<") } == isCut)
        #expect(device.dispatched.contains { $0.contains("PARTS=8,") && $0.hasPrefix("attention_tile<") } == isCut)
    }
}
