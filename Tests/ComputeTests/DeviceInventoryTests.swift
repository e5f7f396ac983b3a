import Compute
import Foundation
import Testing

@Suite("The inventory of physical devices")
struct DeviceInventoryTests {
    private func device(
        _ api: DeviceAPI, _ index: Int, _ name: String, _ kind: DeviceDescription.Kind = .discrete,
        driver: String = "1.0", memory: Int = 1 << 30, uuid: [UInt8]? = nil
    ) -> ProbedDevice {
        ProbedDevice(
            DeviceDescription(
                api: api, index: index, name: name, kind: kind, driver: driver, memoryByteCount: memory), uuid: uuid)
    }

    private let first = Array(UInt8(1)...16)
    private let second = Array(UInt8(17)...32)

    @Test("A GPU that two APIs reach is one device, opened through Vulkan")
    func onceForAllAPIs() throws {
        let inventory = DeviceInventory([
            device(.opencl, 0, "NVIDIA H100", memory: 2 << 30, uuid: second),
            device(.opencl, 1, "NVIDIA H100", uuid: first),
            device(.vulkan, 0, "NVIDIA H100", uuid: first), device(.vulkan, 1, "NVIDIA H100", uuid: second),
        ])
        #expect(
            inventory.devices.map(\.id) == [
                "01020304-0506-0708-090a-0b0c0d0e0f10", "11121314-1516-1718-191a-1b1c1d1e1f20",
            ])
        #expect(
            inventory.devices.map { $0.ways.map(\.selector) } == [["vulkan:0", "opencl:1"], ["vulkan:1", "opencl:0"]])
        #expect(inventory.devices.map(\.selector) == ["vulkan:0", "vulkan:1"])
        #expect(inventory["11121314-1516-1718-191a-1b1c1d1e1f20"]?.memoryByteCount == 2 << 30)
    }

    @Test("Drivers that make devices of the CPU keep their names, and are not taken for one")
    func drivers() {
        let pocl = "Portable Computing Language 3.1"
        let found = [
            device(.vulkan, 0, "llvmpipe (LLVM 15.0.6, 256 bits)", .cpu, uuid: [UInt8](repeating: 0, count: 16)),
            device(.vulkan, 1, "SwiftShader Device (LLVM 10.0.0)", .cpu, uuid: first),
            device(.opencl, 0, "pthread-Intel Xeon", .cpu, driver: pocl, uuid: first),
            device(.opencl, 1, "pthread-Intel Xeon", .cpu, driver: pocl, uuid: first),
        ]
        let ids = ["lavapipe-0", "swiftshader-0", "pocl-0", "pocl-1"]
        #expect(DeviceInventory(found).devices.map(\.id) == ids)
        #expect(DeviceInventory(found.reversed()).devices.map(\.id) == ids)
    }

    @Test("A GPU whose driver tells no UUID is named by its name")
    func withoutUUID() {
        let inventory = DeviceInventory([
            device(.vulkan, 0, "Mali-G78 (r1)", .integrated, uuid: [UInt8](repeating: 0, count: 16)),
            device(.opencl, 0, "Mali-G78 (r1)", .integrated),
        ])
        #expect(inventory.devices.map(\.id) == ["mali-g78-r1-0", "mali-g78-r1-1"])
    }

    @Test("The inventory is written and read as JSON")
    func json() throws {
        let inventory = DeviceInventory([
            device(.vulkan, 0, "GPU", uuid: first), device(.opencl, 0, "GPU", uuid: first),
        ])
        let data = try JSONEncoder().encode(inventory)
        #expect(try JSONDecoder().decode(DeviceInventory.self, from: data) == inventory)
    }
}
