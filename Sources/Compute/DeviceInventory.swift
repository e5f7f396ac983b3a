/// A device as one API found it, and what tells the physical device behind it.
package struct ProbedDevice: Sendable, Hashable {
    package var description: DeviceDescription
    /// The 16 bytes by which every API and process knows the physical device, where the driver tells them.
    package var uuid: [UInt8]?

    package init(_ description: DeviceDescription, uuid: [UInt8]?) {
        self.description = description
        self.uuid = uuid
    }
}

/// The physical devices of this machine, each once, with the ways to reach it.
///
/// ```
/// let inventory = DeviceInventory(try instance.probe() + platforms.probe())
/// inventory["pocl-0"]?.ways.first      // opencl:0
/// ```
package struct DeviceInventory: Sendable, Hashable, Codable {
    package struct PhysicalDevice: Sendable, Hashable, Codable {
        /// Names the device for as long as the machine has it: a GPU's UUID, or for drivers that make a device of the
        /// CPU their name and a number, as `lavapipe-0`.
        package var id: String
        package var name: String
        package var kind: DeviceDescription.Kind
        package var memoryByteCount: Int
        /// The device as each API shows it, the best way first: Vulkan, CUDA, then OpenCL.
        package var ways: [DeviceDescription]

        /// The shortest string that opens it: `vulkan:0`.
        package var selector: String { ways.first.map(\.selector) ?? "" }
    }

    /// In the order in which they were found.
    package private(set) var devices: [PhysicalDevice] = []

    package init(_ found: [ProbedDevice]) {
        var counts: [String: Int] = [:]
        for device in found.sorted(by: { Self.rank($0) < Self.rank($1) }) {
            let description = device.description
            if let id = Self.uuidText(device), let known = devices.firstIndex(where: { $0.id == id }) {
                devices[known].ways.append(description)
                devices[known].memoryByteCount = max(devices[known].memoryByteCount, description.memoryByteCount)
                continue
            }
            let family = Self.family(description)
            let id = Self.uuidText(device) ?? "\(family)-\(counts[family, default: 0])"
            if Self.uuidText(device) == nil { counts[family, default: 0] += 1 }
            devices.append(
                PhysicalDevice(
                    id: id, name: description.name, kind: description.kind,
                    memoryByteCount: description.memoryByteCount, ways: [description]))
        }
    }

    package subscript(id: String) -> PhysicalDevice? { devices.first { $0.id == id } }

    private static func rank(_ device: ProbedDevice) -> (Int, Int) {
        ([DeviceAPI.vulkan, .cuda, .opencl].firstIndex(of: device.description.api) ?? 0, device.description.index)
    }

    /// `nil` for CPU drivers: several of them share a CPU, which is not to be taken for one device, and what they tell
    /// as UUID is zeros or a number of their version.
    private static func uuidText(_ device: ProbedDevice) -> String? {
        guard device.description.kind != .cpu, let uuid = device.uuid, uuid.count == 16,
            uuid.contains(where: { $0 != 0 })
        else { return nil }
        var text = ""
        for (index, byte) in uuid.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return text
    }

    /// What stands before the number of a device without UUID.
    private static func family(_ description: DeviceDescription) -> String {
        if description.name.hasPrefix("llvmpipe") { return "lavapipe" }
        if description.name.hasPrefix("SwiftShader") { return "swiftshader" }
        if description.driver.hasPrefix("Portable Computing Language") { return "pocl" }
        let words = description.name.lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
        return words.isEmpty ? description.api.rawValue : words.joined(separator: "-")
    }
}
