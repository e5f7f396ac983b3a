import COpenCL
import Compute

/// Asks a device for what it reports of itself.
struct DeviceProbe {
    let device: Handle<Tag.Device>
    let functions: OpenCLFunctions

    /// A fact that OpenCL states as text.
    func text(_ fact: Int32) -> String {
        var count = 0
        _ = functions.getDeviceInfo(device.raw, cl_device_info(fact), 0, nil, &count)
        var bytes = [UInt8](repeating: 0, count: count)
        _ = functions.getDeviceInfo(device.raw, cl_device_info(fact), count, &bytes, nil)
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// A fact that OpenCL states as a number of `type`; 0 where the device does not know it.
    func number<Number: FixedWidthInteger>(_ fact: Int32, _ type: Number.Type) -> Int {
        var value: Number = 0
        let result = functions.getDeviceInfo(
            device.raw, cl_device_info(fact), MemoryLayout<Number>.size, &value, nil)
        return result == CL_SUCCESS ? Int(clamping: value) : 0
    }

    /// A fact that OpenCL states as several values of `type`; none where the device does not know it.
    func list<Value: BitwiseCopyable & ExpressibleByIntegerLiteral>(_ fact: Int32, _ type: Value.Type) -> [Value] {
        var size = 0
        let asked = functions.getDeviceInfo(device.raw, cl_device_info(fact), 0, nil, &size)
        guard asked == CL_SUCCESS, size > 0 else { return [] }
        var values = [Value](repeating: 0, count: size / MemoryLayout<Value>.stride)
        let result = functions.getDeviceInfo(device.raw, cl_device_info(fact), size, &values, nil)
        return result == CL_SUCCESS ? values : []
    }
}
