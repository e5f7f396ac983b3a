import Compute

/// What a unit may reserve of its device's memory when it starts: what is available, less what stays free. Of a mesh
/// what each device may be asked for.
struct MemoryBudget {
    private let device: DeviceDescription
    private let available: Int
    /// Devices of the mesh that have one memory: the host's, or that of which they are parts.
    private let sharing: Int

    init(_ mesh: Mesh) {
        let budgets = mesh.devices.map { device in
            MemoryBudget(
                device,
                sharing: mesh.devices.count {
                    $0.memoryDomain == device.memoryDomain
                        || $0.description.kind == .cpu && device.description.kind == .cpu
                })
        }
        self = budgets.min { $0.usable < $1.usable } ?? budgets[0]
    }

    private init(_ device: any Device, sharing: Int) {
        self.device = device.description
        available = device.availableBytes
        self.sharing = sharing
    }

    /// Chosen: some drivers promise more than there is and fail when work is submitted, and what is available changes
    /// with what others do.
    private var free: Int { max(device.memoryByteCount / 20, 512 << 20) }

    private var usable: Int { max(0, available - free) / sharing }

    /// What weights may take beside a pool.
    func weightBytes(besidePool pool: Int) -> Int { max(0, usable - pool) }

    /// - Throws: `ConfigurationError` where a pool of so many bytes does not fit, in one line.
    func check(pool: Int) throws(ConfigurationError) {
        guard pool > usable else { return }
        throw ConfigurationError(
            "a pool of \(pool >> 20) MB does not fit on \(device.name): of \(device.memoryByteCount >> 20) MB "
                + "\(available >> 20) are available, and \(free >> 20) stay free; "
                + "pool_mb may be at most \(usable >> 20)"
        )
    }
}
