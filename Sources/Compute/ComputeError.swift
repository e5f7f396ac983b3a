/// What went wrong on a device, in words that name it.
package enum ComputeError: Error, Sendable, Hashable {
    /// The API's loader or driver is missing from this machine.
    case unavailable(api: DeviceAPI, reason: String)
    case badSelector(String)
    case noSuchDevice(String, available: [String])
    /// The device lacks something that every kernel needs.
    case unsupported(device: String, reason: String)
    case outOfMemory(device: String, asked: Int, available: Int?)
    /// The compiler or the driver refused a kernel.
    case compilation(device: String, kernel: String, log: String)
    /// A kernel was given buffers or parameters that do not fit its signature.
    case argument(kernel: String, reason: String)
    /// The device stopped; everything on it is gone.
    case deviceLost(device: String, call: String)
    case failed(device: String, call: String, code: Int)
}

extension ComputeError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unavailable(let api, let reason): "\(api.rawValue) is not available: \(reason)"
        case .badSelector(let text):
            "no such device: '\(text)' (expected API, API:INDEX or API:NAME with API one of vulkan, opencl, cuda)"
        case .noSuchDevice(let text, let available):
            "no such device: '\(text)' "
                + (available.isEmpty ? "(there are none)" : "(there is \(available.joined(separator: "; ")))")
        case .unsupported(let device, let reason): "\(device) cannot be used: \(reason)"
        case .outOfMemory(let device, let asked, let available):
            "\(device): out of memory, asked for \(asked) bytes" + (available.map { ", \($0) available" } ?? "")
        case .compilation(let device, let kernel, let log): "\(device): kernel \(kernel) does not compile:\n\(log)"
        case .argument(let kernel, let reason): "kernel \(kernel): \(reason)"
        case .deviceLost(let device, let call): "\(device): device lost in \(call)"
        case .failed(let device, let call, let code): "\(device): \(call) failed with \(code)"
        }
    }
}
