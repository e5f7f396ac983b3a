import Compute
import Foundation
import GGUF
import KVCache
import Kernels
import Quantities
import Testing
import Transformer

/// Layers with a window keep their last blocks only, and nothing comes out otherwise.
@Suite(.serialized)
struct WindowTests {
    private static let tokens = (0..<200).map { (index: Int) -> Int32 in Int32((index * 37 + index / 7) % 100) }

    @Test func windowedLayersComeLast() throws {
        let network = try Network(FamilyTests.file("gemma3"))
        #expect(network.kvWindow == KVWindow(layers: 6, tokens: 8))
        #expect(network.kvLayers == [1, 2, 3, 4, 5, 0, 6])
        let plain = try Network(FamilyTests.file("llama"))
        #expect(plain.kvWindow == nil && plain.kvLayers == plain.blocks.indices.map { $0 })
    }

    /// Windows of two lengths are no one window.
    @Test func windowsThatDifferKeepAll() throws {
        var network = try Network(FamilyTests.file("gemma3"))
        network.blocks[0].attention?.mask = .sliding(window: 9)
        #expect(network.kvWindow == nil && network.kvLayers == network.blocks.indices.map { $0 })
    }

    @Test func lavapipeSeesNoDifference() throws {
        try onLavapipe { try check(on: $0) }
    }

    @Test func poclSeesNoDifference() throws {
        try check(on: pocl())
    }

    /// 200 tokens of Gemma 3 with a window of 8 in pages of 16 tokens, 12 at a time: once where passes might be as long
    /// as all of it, so that nothing is left behind, and once where they are no longer than 12.
    private func check(on device: any Device) throws {
        let kept = try run(on: device, chunk: 256), left = try run(on: device, chunk: 12)
        // 13 blocks of 7 layers, or 13 of one and 3 of six.
        #expect(kept.held == 91 && left.held == 31)
        #expect(kept.logits == left.logits)
        #expect(kept.logits.count == 200)
    }

    private func run(on device: any Device, chunk: Int) throws -> (logits: [[Float]], held: Int) {
        var options = Model.Options()
        options.maxRows = chunk
        var sequence = try SingleSequence(
            FamilyTests.file("gemma3"), options: options, contextLength: 256, logitRows: 12, pageBytes: 2048,
            kernels: KernelSet(device: device), warmsUp: false)
        var rows: [[Float]] = []
        try sequence.feed(Self.tokens, at: 0) { _, logits in rows.append(logits.indices.map { logits[$0] }) }
        return (rows, sequence.usage.held)
    }
}
