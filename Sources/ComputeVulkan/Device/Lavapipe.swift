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

    /// Puts the variable into the environment with the value that lavapipe has without it: to add one later moves what
    /// other threads may be reading. PoCL's compiler was seen to end a process by that.
    static let prepareEnvironment: Void = {
        if getenv(variable) == nil { setenv(variable, cores > 1 ? "\(cores)" : "0", 1) }
    }()

    private static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// The worker threads of a device that is not a part.
    static var workers: Int { max(1, getenv(variable).flatMap { Int(String(cString: $0)) } ?? cores) }

    /// Calls `enumerate`, whose devices get `units` cores.
    ///
    /// A device of one core has no worker: it computes in the thread of its queue, which needs no wake-up for each
    /// dispatch (0.2 us instead of 40).
    static func withCores<Result: Sendable>(
        _ units: Int, _ enumerate: () throws(ComputeError) -> Result
    ) throws(ComputeError) -> Result {
        try environment.withLock { _ throws(ComputeError) -> Result in
            prepareEnvironment
            let before = getenv(variable).map { String(cString: $0) }
            // In its place: the variable is never taken away.
            setenv(variable, units == 1 ? "0" : "\(units)", 1)
            defer { if let before { setenv(variable, before, 1) } }
            return try enumerate()
        }
    }
}
