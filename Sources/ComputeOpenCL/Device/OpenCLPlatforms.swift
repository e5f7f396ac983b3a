import COpenCL
package import Compute
import Synchronization

/// The OpenCL drivers of this machine: where devices are found and opened.
package final class OpenCLPlatforms: Sendable {
    let functions: OpenCLFunctions

    /// PoCL 3.1 crashes when two threads are the first to ask it for devices.
    private static let enumeration = Mutex(())

    /// - Throws: `ComputeError.unavailable` without a loader.
    package init() throws(ComputeError) {
        functions = try OpenCLFunctions()
    }

    /// The devices that all installed drivers offer.
    /// - Throws: `ComputeError.unavailable` where there are none.
    package func devices() throws(ComputeError) -> [DeviceDescription] {
        try platformDevices().map(\.description)
    }

    /// The same devices, with what tells the physical ones behind them.
    package func probe() throws(ComputeError) -> [ProbedDevice] {
        try platformDevices().map { ProbedDevice($0.description, uuid: $0.uuid) }
    }

    func platformDevices() throws(ComputeError) -> [PlatformDevice] {
        let devices = Self.enumeration.withLock { _ in enumerate() }
        guard !devices.isEmpty else { throw .unavailable(api: .opencl, reason: "no driver offers a device") }
        let listed = devices.filter { !PoCL.isLaneDevice(name: $0.description.name) }
        return listed.isEmpty ? devices : listed
    }

    /// Devices of the platform of `device` that lanes of one core have to themselves.
    func laneDevices(beside device: PlatformDevice) -> [PlatformDevice] {
        Array(devicesInCaller(beside: device).prefix(PoCL.laneDevices))
    }

    /// Devices, one for each of its cores, that do the work of `device` together; itself where there are none.
    func team(for device: PlatformDevice) -> [PlatformDevice] {
        let team = devicesInCaller(beside: device).dropFirst(PoCL.laneDevices).prefix(device.limits.computeUnits)
        return team.count > 1 && team.count == device.limits.computeUnits ? Array(team) : [device]
    }

    private func devicesInCaller(beside device: PlatformDevice) -> [PlatformDevice] {
        guard !PoCL.isLaneDevice(name: device.description.name) else { return [] }
        return Self.enumeration.withLock { _ in enumerate() }.filter {
            $0.platform == device.platform && PoCL.isLaneDevice(name: $0.description.name)
        }
    }

    private func enumerate() -> [PlatformDevice] {
        var count: cl_uint = 0
        _ = functions.getPlatformIDs(0, nil, &count)
        var platforms = [cl_platform_id?](repeating: nil, count: Int(count))
        _ = functions.getPlatformIDs(count, &platforms, nil)
        var devices: [PlatformDevice] = []
        for platform in platforms.compactMap({ $0 }) {
            for device in self.devices(of: platform) {
                devices.append(
                    PlatformDevice(device, of: platform, index: devices.count, functions: functions))
            }
        }
        // Devices for lanes last, so that those that are listed are numbered from 0.
        let ordered =
            devices.filter { !PoCL.isLaneDevice(name: $0.description.name) }
            + devices.filter { PoCL.isLaneDevice(name: $0.description.name) }
        return ordered.enumerated().map { $1.numbered($0) }
    }

    private func devices(of platform: cl_platform_id) -> [Handle<Tag.Device>] {
        let all = cl_device_type(CL_DEVICE_TYPE_ALL)
        var count: cl_uint = 0
        guard functions.getDeviceIDs(platform, all, 0, nil, &count) == CL_SUCCESS else { return [] }
        var raw = [cl_device_id?](repeating: nil, count: Int(count))
        guard functions.getDeviceIDs(platform, all, count, &raw, nil) == CL_SUCCESS else { return [] }
        return raw.compactMap { $0.map { Handle(raw: $0) } }
    }
}
