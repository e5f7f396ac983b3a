import COpenCL
package import Compute

extension OpenCLDevice {
    package var partitioning: Partitioning {
        let divides = platformDevice.dividesByCounts && limits.importsHostMemory && limits.computeUnits > 1
        return divides ? .subDevices : .budget
    }

    /// Divides the device into sub-devices. Where PoCL offers devices that work in the caller's thread, parts of one
    /// unit are such devices: the same partition, without waking a worker for each dispatch.
    package func partition(into units: [Int]) throws(ComputeError) -> DevicePartition {
        guard partitioning == .subDevices else {
            return DevicePartition(whole: self, parts: units.map { _ in self })
        }
        guard units.allSatisfy({ $0 > 0 }), units.reduce(0, +) <= limits.computeUnits else {
            throw .unsupported(
                device: description.name, reason: "it has \(limits.computeUnits) compute units, not \(units) to divide")
        }
        let inCaller = platforms.laneDevices(beside: platformDevice)
        var available = inCaller.prefix(units.count { $0 == 1 })[...]
        let sources = units.map { $0 == 1 ? available.popFirst() : nil }
        let divided = try SubDevice.divide(
            platformDevice, into: zip(units, sources).filter { $1 == nil }.map(\.0), functions: functions)
        var subDevices = divided[...]
        let parts = zip(units, sources).map { units, source in
            let subDevice = source == nil ? subDevices.popFirst() : nil
            return Part(units: units, subDevice: subDevice, device: source ?? platformDevice.part(subDevice))
        }
        let context = try OpenCLContext(
            [handle] + (members + parts.map(\.device)).map(\.handle), name: description.name, functions: functions)
        return DevicePartition(
            whole: open(platformDevice, members, nil, limits, in: context),
            parts: parts.map { part in
                var limits = limits
                limits.computeUnits = part.units
                return open(part.device, [part.device], part.subDevice, limits, in: context)
            })
    }

    private struct Part {
        let units: Int
        let subDevice: SubDevice?
        let device: PlatformDevice
    }

    private func open(
        _ device: PlatformDevice, _ members: [PlatformDevice], _ subDevice: SubDevice?, _ limits: DeviceLimits,
        in context: OpenCLContext
    ) -> OpenCLDevice {
        OpenCLDevice(
            device, members, subDevice: subDevice, limits: limits, in: context, of: platforms,
            cacheDirectory: cacheDirectory)
    }
}

extension PlatformDevice {
    /// The sub-device, which is otherwise as its device.
    fileprivate func part(_ subDevice: SubDevice?) -> PlatformDevice {
        var part = self
        if let subDevice { part.handle = subDevice.handle }
        return part
    }
}
