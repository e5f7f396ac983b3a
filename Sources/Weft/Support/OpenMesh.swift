import ArgumentParser
import Compute
import Kernels

/// The devices that a command computes on together: one, mostly.
struct OpenMesh {
    /// Each device once.
    let devices: [OpenDevice]
    /// The devices, or parts of those that were named several times, in the order of the names.
    let mesh: Mesh

    /// - Parameter names: as the user wrote them; none for the default device.
    /// - Throws: `ComputeError`, which names what is wrong with a device or its name, or `CommandError` where devices
    ///   cannot compute together.
    init(_ names: [String]) throws {
        guard names.count > 1 else {
            devices = [try OpenDevice(names.first)]
            mesh = Mesh(devices[0].device)
            return
        }
        var devices: [String: OpenDevice] = [:], parts: [String: ArraySlice<any Device>] = [:]
        for name in Set(names) {
            let open = try OpenDevice(name)
            devices[name] = open
            parts[name] = try Mesh.parts(of: open.device, count: names.count { $0 == name })[...]
        }
        self.devices = Set(names).sorted().compactMap { devices[$0] }
        mesh = Mesh(names.compactMap { parts[$0]?.popFirst() })
    }

    /// Kernels for each device of the mesh, with the shapes that `weft tune` found for the device that it is a part of.
    func kernels() throws -> [KernelSet] {
        let tunings = devices.map { ($0.device.description.selector, $0.tuning) }
        return try mesh.devices.map { device in
            let tuning = tunings.first { $0.0 == device.description.selector }?.1
            return try KernelSet(device: device, tuning: tuning ?? Tuning())
        }
    }

    /// - Throws: `CommandError` with what the validation layer complained of.
    func checkValidation() throws { for device in devices { try device.checkValidation() } }
}

/// `--device` and `--shards` of commands that compute on several devices together.
struct MeshOptions: ParsableArguments {
    @Option(
        help: """
            The device: vulkan, opencl or cuda, alone or with :INDEX or :PART-OF-NAME, and with #1/2 for the first of \
            two parts of it; by default the fastest. Several compute together; one that is named several times is \
            divided.
            """)
    var device: [String] = []

    @Option(help: "Into how many parts the model is cut: a multiple of the devices; by default as many.")
    var shards: Int?

    func validate() throws {
        if let shards, shards < 1 || shards % max(1, device.count) != 0 {
            throw ValidationError("--shards must be a multiple of the \(max(1, device.count)) devices")
        }
    }

    /// Into how many the model is cut.
    var count: Int { shards ?? max(1, device.count) }
}
