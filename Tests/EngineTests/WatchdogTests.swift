import Compute
import Engine
import Foundation
import GGUF
import TestDevices
import Testing

/// A unit on a device that takes ten milliseconds for each tile: no pass of a GPU may be one long submission.
struct WatchdogTests {
    /// The submissions of a prompt of 64 tokens and three steps.
    private func submissions(_ kind: DeviceDescription.Kind) async throws -> [Double] {
        let path = NSTemporaryDirectory() + "weft-watchdog-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try TinyLlama().write(to: path)
        var model = ModelConfiguration(name: "a", path: path)
        // The whole device, on which no lanes take turns.
        model.shares = [10, 10]
        let device = IdleDevice(kind: kind, secondsPerTile: 1e-2)
        let unit = try Engine.Unit(
            UnitConfiguration(models: [model]), sequences: 256, pagesPerSequence: 256, mesh: Mesh(device))
        _ = try await unit.load(model, ModelFile(path: path), cache: nil)
        var request = GenerationRequest(model: "a", prompt: (0..<64).map { Int32($0) })
        request.maxTokens = 3
        request.ignoresEndOfText = true
        for try await _ in try await unit.generate(request) {}
        return device.submissions
    }

    @Test func passesOfAGPUAreCut() async throws {
        let submissions = try await submissions(.discrete)
        #expect(submissions.allSatisfy { $0 < 0.2501 }, "\(submissions)")
        #expect(submissions.reduce(0, +) > 1)
    }

    @Test func passesOfACPUAreWhole() async throws {
        let submissions = try await submissions(.cpu)
        #expect(submissions.filter { $0 > 0 }.count == 3)
        #expect(submissions.contains { $0 > 0.25 })
    }
}
