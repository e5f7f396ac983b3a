import CCUDA
package import Compute

/// NVIDIA's driver: where its devices are found and opened.
package final class CUDAPlatform: Sendable {
    let functions: CUDAFunctions
    private let compilerPath: String?
    /// `12.9`: the newest CUDA that the driver knows.
    let driverVersion: String

    /// - Parameters:
    ///   - library: the driver; `nil` for the one that `WEFT_LIBCUDA` names, or else the system's.
    ///   - compiler: NVRTC; `nil` for the one that is found.
    /// - Throws: `ComputeError.unavailable` without a driver or a device.
    package init(library: String? = nil, compiler: String? = nil) throws(ComputeError) {
        functions = try CUDAFunctions(library: library)
        let code = functions.initialize(0)
        guard code == WEFT_CUDA_SUCCESS else {
            throw .unavailable(api: .cuda, reason: "cuInit: \(functions.text(code))")
        }
        var version: CInt = 0
        _ = functions.driverGetVersion(&version)
        driverVersion = "\(version / 1000).\(version % 1000 / 10)"
        compilerPath = compiler
    }

    /// Opens NVRTC; `nil` where it is missing: then only kernels that were kept can be had.
    func openCompiler() -> NVRTC? { NVRTC(library: compilerPath) }

    /// The devices that the driver offers.
    package func devices() throws(ComputeError) -> [DeviceDescription] { try physicalDevices().map(\.description) }

    /// The same devices, with what tells the physical ones behind them.
    package func probe() throws(ComputeError) -> [ProbedDevice] {
        try physicalDevices().map { ProbedDevice($0.description, uuid: $0.uuid) }
    }

    func physicalDevices() throws(ComputeError) -> [PhysicalDevice] {
        var count: CInt = 0
        let code = functions.deviceGetCount(&count)
        guard code == WEFT_CUDA_SUCCESS, count > 0 else {
            throw .unavailable(
                api: .cuda, reason: code == WEFT_CUDA_SUCCESS ? "there is no device" : functions.text(code))
        }
        var devices: [PhysicalDevice] = []
        for ordinal in 0..<count {
            devices.append(try PhysicalDevice(ordinal, driver: "NVIDIA CUDA \(driverVersion)", functions: functions))
        }
        return devices
    }
}
