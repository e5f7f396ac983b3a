import Compute

/// What a device is asked to do before it is used: to hold bytes, and to compute with them.
///
/// Some drivers offer devices that are not there, to see what their compiler makes of shaders, and some do nothing with
/// what they are given. Whatever is asked of them later may crash the process.
struct DeviceTrial {
    private static let values: [UInt32] = (0..<64).map { $0 &* 0x9e37_79b9 }

    private static let kernel = KernelCode(
        label: "trial", dialect: .glsl,
        source: """
            #version 450
            layout(local_size_x = 1) in;
            layout(std430, binding = 0) buffer values_block { uint values[]; };
            layout(push_constant) uniform Parameters_ { uint factor; uint firstTile; uint tileCount; } parameters_;
            void main() {
                uint endTile = parameters_.firstTile + parameters_.tileCount;
                for (uint i = parameters_.firstTile + gl_WorkGroupID.x; i < endTile; i += gl_NumWorkGroups.x)
                    values[i] = values[i] * parameters_.factor + i;
            }
            """,
        bindings: [KernelBinding(name: "values", access: .readWrite, element: .uint, windows: 1, isTexel: false)],
        parameterCount: 3, groupSize: 1)

    /// - Throws: `ComputeError.unsupported`, in one line.
    static func run(on device: VulkanDevice) throws(ComputeError) {
        do throws(ComputeError) {
            for access in [BufferAccess.host, .upload, .download, .device] { try holdsBytes(device, access) }
            try computes(device)
        } catch {
            if case .unsupported = error { throw error }
            throw .unsupported(
                device: device.description.name, reason: "\(error)".split(separator: "\n").joined(separator: " "))
        }
    }

    private static func holdsBytes(_ device: VulkanDevice, _ access: BufferAccess) throws(ComputeError) {
        let buffer = try device.makeBuffer(byteCount: 4 * values.count, access: access, label: "trial")
        try buffer.write(values)
        guard try buffer.read(values.count, of: UInt32.self) == values else {
            throw .unsupported(
                device: device.description.name, reason: "its memory does not hold what is written to it")
        }
    }

    private static func computes(_ device: VulkanDevice) throws(ComputeError) {
        let buffer = try device.makeBuffer(byteCount: 4 * values.count, access: .device, label: "trial")
        try buffer.write(values)
        let bound = try device.makeKernel(kernel).bind([buffer])
        var parameters = Parameters()
        parameters.append(3)
        try device.makeLane(label: "trial").run { $0.dispatch(bound, parameters, tiles: values.count) }
        let expected = values.enumerated().map { $1 &* 3 &+ UInt32($0) }
        guard try buffer.read(values.count, of: UInt32.self) == expected else {
            throw .unsupported(device: device.description.name, reason: "its first kernel gave wrong numbers")
        }
    }
}
