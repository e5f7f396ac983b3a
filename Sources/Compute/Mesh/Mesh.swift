/// Devices that compute networks together, each some heads and a part of the width of every layer; one is a mesh, too.
package struct Mesh: Sendable {
    /// By rank.
    package let devices: [any Device]

    package init(_ devices: [any Device]) {
        precondition(!devices.isEmpty, "a mesh has at least one device")
        self.devices = devices
    }

    package init(_ device: any Device) { self.init([device]) }

    /// Equal parts of a device, as many as are asked for.
    ///
    /// - Throws: `ComputeError.unsupported` where it cannot be divided so.
    package static func parts(of device: any Device, count: Int) throws(ComputeError) -> [any Device] {
        if count == 1 { return [device] }
        let (units, name) = (device.limits.computeUnits, device.description.name)
        guard device.partitioning.isReal else {
            throw .unsupported(device: name, reason: "it has no parts of its own, and cannot be divided")
        }
        guard units >= count else {
            throw .unsupported(
                device: name, reason: "it has \(units) compute units, and cannot be divided into \(count) parts")
        }
        return try device.partition(into: Array(repeating: units / count, count: count)).parts
    }

    /// A Boolean value: whether all compute equal bits of equal numbers, being of one driver and one name.
    package var roundsAlike: Bool {
        let first = devices[0].description
        return devices.allSatisfy {
            let other = $0.description
            return (other.api, other.name, other.driver) == (first.api, first.name, first.driver)
        }
    }

    /// For people: `llvmpipe`, `2 x cpu-haswell`, `RTX 4090 + RTX 3090`.
    package var name: String {
        var names: [(name: String, count: Int)] = []
        for device in devices {
            let name = device.description.name
            if names.last?.name == name { names[names.count - 1].count += 1 } else { names.append((name, 1)) }
        }
        return names.map { $0.count == 1 ? $0.name : "\($0.count) x \($0.name)" }.joined(separator: " + ")
    }
}
