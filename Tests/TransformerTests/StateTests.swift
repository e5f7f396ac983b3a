import Compute
import Foundation
import GGUF
import KVCache
import Kernels
import Quantities
import Testing
import Transformer

/// Layers with a state: it takes the same pages however long a sequence grows, and is the sequence's own.
@Suite(.serialized)
struct StateTests {
    static let names = ["lfm2", "qwen35", "qwen35moe", "granitehybrid"]
    private static let tokens = (0..<120).map { (index: Int) -> Int32 in Int32((index * 37 + index / 7) % 100) }

    @Test(arguments: names)
    func statesStandBeforeBlocks(_ name: String) throws {
        let network = try Network(FamilyTests.file(name)), shape = try Model.kvShape(network, type: .f16)
        let recurrent = network.blocks.compactMap(\.recurrent),
            (starts, count) = network.statePages(shape.page.pageBytes)
        #expect(!recurrent.isEmpty && recurrent.count < network.blocks.count)
        #expect(shape.layers.count == network.blocks.count - recurrent.count)
        #expect(network.kvLayers.compactMap { $0 } == Array(shape.layers.indices))
        #expect(shape.statePages == count && starts.first == 0 && starts == starts.sorted())
        // One page for each convolution and for each matrix of these small models.
        #expect(count == recurrent.reduce(0) { $0 + ($1.recurrence == nil ? 1 : 2) })
        #expect(!shape.sharesPrefixes)
        // Only blocks grow.
        #expect(
            shape.pages(for: 1 << 14) - shape.pages(for: 1) == (shape.blocks(for: 1 << 14) - 1) * shape.pagesPerBlock)
    }

    @Test(arguments: names)
    func lavapipeSeesNoDifference(_ name: String) throws {
        try onLavapipe { try check(name, on: $0) }
    }

    @Test(arguments: names)
    func poclSeesNoDifference(_ name: String) throws {
        try check(name, on: pocl())
    }

    /// One after the other or 50 at a time, in fresh pages or in those that another sequence has left: the same logits
    /// to the bit.
    private func check(_ name: String, on device: any Device) throws {
        var options = Model.Options()
        options.maxRows = 50
        var sequence = try SingleSequence(
            FamilyTests.file(name), options: options, contextLength: 256, tokens: 128, logitRows: 50,
            kernels: KernelSet(device: device), warmsUp: false)
        func run(_ pieces: [Int]) throws -> [[Float]] {
            var (rows, start) = ([[Float]](), 0)
            for count in pieces {
                try sequence.feed(Array(Self.tokens[start..<start + count]), at: start) { _, logits in
                    rows.append(logits.indices.map { logits[$0] })
                }
                start += count
            }
            return rows
        }
        let whole = try run([50, 50, 20])
        sequence.restart()
        // The state that is left from before is not looked at.
        #expect(try run([50, 50, 20]) == whole)
        sequence.restart()
        #expect(try run([1, 1, 48, 1, 3, 46, 20]) == whole)
        #expect(whole.allSatisfy { $0.allSatisfy(\.isFinite) })
    }
}
