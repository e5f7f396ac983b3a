import Compute
import ComputeVulkan
import Testing

/// The choice of memory, on devices as their drivers describe them: this machine has none of them.
struct MemoryTypesTests {
    private typealias Properties = MemoryTypes.Properties
    private static let gigabyte = 1 << 30
    private static let own: Properties = [.deviceLocal, .visible, .coherent]
    private static let cached: Properties = [.visible, .coherent, .cached]

    /// NVIDIA's driver 550: a type without properties comes first.
    private static func rtx4090(_ window: Int?) -> MemoryTypes {
        let types: [(Properties, Int)] = [
            ([], 1), (.deviceLocal, 0), (.mapped, 1), (cached, 1), (own, window == nil ? 0 : 2),
        ]
        return MemoryTypes(
            types, heaps: [24 * gigabyte, 32 * gigabyte] + (window.map { [$0] } ?? []), kind: .discrete)
    }

    /// RADV with resizable BAR: its first type of the device's own memory is one that the host does not see, but the
    /// order is the driver's.
    private static let rx7900xtx = MemoryTypes(
        [
            (own, 1), (.deviceLocal, 1), (.mapped, 0), (own, 1), (cached, 0), (own.union(.cached), 1),
        ], heaps: [31 * gigabyte, 24 * gigabyte], kind: .discrete)

    private static let radeon780M = MemoryTypes(
        [(.deviceLocal, 1), (.deviceLocal, 1), (.mapped, 0), (own, 1), (cached, 0)],
        heaps: [10 * gigabyte, 20 * gigabyte], kind: .integrated)

    private static let lavapipe = MemoryTypes(
        [(own.union(.cached), 0)], heaps: [2 * gigabyte], kind: .cpu)

    private func index(_ types: MemoryTypes, _ access: BufferAccess, mask: UInt32 = .max) -> Int? {
        types.choice(for: access, mask: mask)?.index
    }

    @Test func withoutResizableBARWritesOfTheHostGoThroughCopies() {
        // What NVIDIA shows of a window of 256 MiB.
        let types = Self.rtx4090(246 << 20)
        #expect(index(types, .device) == 1)
        #expect(index(types, .upload) == nil)
        #expect(index(types, .download) == nil)
        #expect(index(types, .host) == 3)
        #expect(types.largestHeap == 24 * Self.gigabyte)
    }

    @Test func withResizableBARTheHostWritesToTheDevice() {
        let types = Self.rtx4090(nil)
        #expect(index(types, .device) == 1)
        #expect(index(types, .upload) == 4)
        #expect(index(types, .download) == nil, "reads over the bus are slow")
        #expect(index(types, .host) == 3)
        #expect(types.choice(for: .upload)?.heap == 0)
        #expect(index(types, .upload, mask: 0b01111) == nil)
    }

    @Test func weightsDoNotGoWhereTheHostSees() {
        #expect(index(Self.rx7900xtx, .device) == 1)
        #expect(index(Self.rx7900xtx, .upload) == 0)
        #expect(index(Self.rx7900xtx, .host) == 4)
        // Where a buffer may go nowhere else they do.
        #expect(index(Self.rx7900xtx, .device, mask: 0b001001) == 0)
    }

    @Test func integratedDevicesHaveOneMemory() {
        #expect(index(Self.radeon780M, .device) == 3)
        #expect(index(Self.radeon780M, .upload) == 3)
        #expect(index(Self.radeon780M, .host) == 4)
        #expect(index(Self.radeon780M, .download) == 4)
        for access in [BufferAccess.device, .upload, .download, .host] { #expect(index(Self.lavapipe, access) == 0) }
    }

    @Test func aMaskThatAllowsNothingGivesNothing() {
        for access in [BufferAccess.device, .upload, .host] { #expect(index(Self.lavapipe, access, mask: 0) == nil) }
    }
}
