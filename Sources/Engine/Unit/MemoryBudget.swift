import Compute

/// What a unit may reserve of its device's memory when it starts: what is available, less what stays free.
struct MemoryBudget {
    private let device: DeviceDescription
    private let available: Int

    init(_ device: any Device) {
        self.device = device.description
        available = device.availableBytes
    }

    /// Chosen: some drivers promise more than there is and fail when work is submitted, and what is available changes
    /// with what others do.
    private var free: Int { max(device.memoryByteCount / 20, 512 << 20) }

    private var usable: Int { max(0, available - free) }

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
