/// One piece of memory as several devices see it: one device alone, or the parts of one.
package struct SharedBuffer: Sendable {
    private let views: [ObjectIdentifier: any Buffer]

    /// Whether devices can see one memory.
    package static func isPossible(on devices: [any Device]) -> Bool {
        Set(devices.map(\.memoryDomain)).count == 1 || devices.allSatisfy(\.limits.importsHostMemory)
    }

    /// Reserves memory for `devices`: the device's own where they have one memory, the host's where they do not.
    /// - Throws: `ComputeError.outOfMemory`; `unsupported` where several devices cannot share memory.
    package init(
        byteCount: Int, access: BufferAccess, label: String, on devices: [any Device]
    ) throws(ComputeError) {
        var domains: [ObjectIdentifier: any Device] = [:]
        for device in devices { domains[device.memoryDomain] = device }
        var views: [ObjectIdentifier: any Buffer] = [:]
        if domains.count == 1, let (domain, device) = domains.first {
            views[domain] = try device.makeBuffer(byteCount: byteCount, access: access, label: label)
        } else {
            let memory = try HostMemory(byteCount: byteCount)
            for (domain, device) in domains {
                views[domain] = try device.makeBuffer(over: memory, 0..<byteCount, label: label)
            }
        }
        self.views = views
    }

    /// The memory as `device` sees it, which must be one of those that it was reserved for.
    package subscript(device: any Device) -> any Buffer {
        guard let view = views[device.memoryDomain] else {
            preconditionFailure("memory was not reserved for \(device.description.name)")
        }
        return view
    }
}
