import Compute
import Foundation
import Testing

struct HostMemoryTests {
    @Test func reservationsAreZeros() throws {
        let memory = try HostMemory(byteCount: 5000)
        #expect(memory.byteCount == 5000 && memory.isWritable)
        #expect(memory.bytes.allSatisfy { $0 == 0 })
        #expect(Int(bitPattern: memory.bytes.baseAddress) % HostMemory.alignment == 0)
        #expect(HostMemory.pages(5000) == 8192 && HostMemory.pages(4096) == 4096)
    }

    @Test func filesAreWrittenAndMapped() throws {
        let path = NSTemporaryDirectory() + "weft-memory-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            let memory = try HostMemory(creating: path, byteCount: 10_000)
            for index in memory.bytes.indices { memory.bytes[index] = UInt8(truncatingIfNeeded: index * 3) }
        }
        let mapped = try HostMemory(mapping: path)
        #expect(!mapped.isWritable)
        #expect(mapped.bytes.elementsEqual((0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 3) }))
        #expect(throws: ComputeError.self) { try HostMemory(creating: path, byteCount: 1) }
    }

    @Test func missingAndEmptyFilesAreRefused() throws {
        let path = NSTemporaryDirectory() + "weft-memory-\(UUID().uuidString)"
        #expect(throws: ComputeError.self) { try HostMemory(mapping: path) }
        try Data().write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: ComputeError.file(path: path, reason: "is empty")) { try HostMemory(mapping: path) }
    }
}
