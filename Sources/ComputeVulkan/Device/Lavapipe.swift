import CVulkan
import Compute
import Glibc
import Synchronization

/// What is peculiar to lavapipe, Mesa's driver that makes a Vulkan device of a CPU.
enum Lavapipe {
    /// What it reads its number of worker threads from, when devices are enumerated.
    private static let variable = "LP_NUM_THREADS"
    private static let environment = Mutex(())

    static func isDevice(_ properties: VkPhysicalDeviceProperties) -> Bool {
        text(properties.deviceName).hasPrefix("llvmpipe")
    }

    /// The worker threads of a device that is not a part.
    static var workers: Int {
        let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        return getenv(variable).flatMap { Int(String(cString: $0)) } ?? cores
    }

    /// Calls `enumerate`, whose devices get `units` cores.
    ///
    /// A device of one core has no worker: it computes in the thread of its queue, which needs no wake-up for each
    /// dispatch (0.2 us instead of 40).
    static func withCores<Result: Sendable>(
        _ units: Int, _ enumerate: () throws(ComputeError) -> Result
    ) throws(ComputeError) -> Result {
        try environment.withLock { _ throws(ComputeError) -> Result in
            let before = getenv(variable).map { String(cString: $0) }
            setenv(variable, units == 1 ? "0" : "\(units)", 1)
            defer { if let before { setenv(variable, before, 1) } else { unsetenv(variable) } }
            return try enumerate()
        }
    }
}
