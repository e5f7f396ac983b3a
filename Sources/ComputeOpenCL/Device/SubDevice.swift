import COpenCL
import Compute

/// Compute units of a device that are a device of their own, given back when its last holder lets go.
final class SubDevice: Sendable {
    private let device: Owned<Tag.Device>

    var handle: Handle<Tag.Device> { device.handle }

    private init(_ device: consuming Owned<Tag.Device>) { self.device = device }

    /// A sub-device for each entry of `units`, of so many compute units.
    static func divide(
        _ device: PlatformDevice, into units: [Int], functions: OpenCLFunctions
    ) throws(ComputeError) -> [SubDevice] {
        guard !units.isEmpty else { return [] }
        var properties = [cl_device_partition_property(CL_DEVICE_PARTITION_BY_COUNTS)]
        properties += units.map { cl_device_partition_property($0) }
        properties += [cl_device_partition_property(CL_DEVICE_PARTITION_BY_COUNTS_LIST_END), 0]
        var handles = [cl_device_id?](repeating: nil, count: units.count)
        var count: cl_uint = 0
        let code = functions.createSubDevices(
            device.handle.raw, &properties, cl_uint(units.count), &handles, &count)
        guard code == CL_SUCCESS else {
            throw .failed(device: device.description.name, call: "clCreateSubDevices", code: Int(code))
        }
        return handles.compactMap {
            $0.map { SubDevice(Owned(Handle(raw: $0), release: functions.release(\.releaseDevice))) }
        }
    }
}
