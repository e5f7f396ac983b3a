import Glibc

/// What is peculiar to PoCL, the driver that makes an OpenCL device of a CPU.
enum PoCL {
    private static let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

    /// Groups of every dispatch, however many tiles there are.
    ///
    /// PoCL 3.1 compiles a kernel anew when it meets a larger grid than before, and then counts the uses of the two
    /// with each other's counter: with kernels at work on two devices it aborts (`pocl_release_dlhandle_cache`). With
    /// one size there is one compiled kernel. Devices share it: with one group on those that work in the caller's
    /// thread, and so many on others, it jumped to where no kernel was.
    static let groups = 16 * cores

    /// Devices that run kernels in the thread that enqueues them, one for each lane of one core that there may be.
    static let laneDevices = min(8, max(2, cores))

    /// As many again for the cores that share dispatches; see `TeamLane`. Machines of more cores were not measured.
    private static let teamDevices = (2...8).contains(cores) ? cores : 0

    private static let offer: Void = {
        let devices = "pthread" + String(repeating: " basic", count: laneDevices + teamDevices)
        setenv("POCL_DEVICES", devices, 0)
    }()

    /// Asks PoCL for such devices beside the device of all cores; what the user set of `POCL_DEVICES` stands.
    ///
    /// Must come before the first call of OpenCL. A dispatch takes 0.6 us there, 2 to 3 us on a sub-device, whose
    /// worker is woken for it.
    static func offerLaneDevices() { offer }

    /// Whether the kernels of a device may be called without its queues, which is known of one version on one
    /// processor.
    ///
    /// A dispatch takes several locks of PoCL, so that two threads which work side by side wait for each other: 13 us a
    /// dispatch were measured, as much as a product of one row takes. A call takes none.
    static func compilesForCaller(device name: String, driver: String) -> Bool {
        #if arch(x86_64)
        isLaneDevice(name: name) && driver.contains(" 3.1")
        #else
        false
        #endif
    }

    static func isDriver(platform name: String) -> Bool { name == "Portable Computing Language" }

    /// Whether a device is one for lanes, not to be listed.
    static func isLaneDevice(name: String) -> Bool { name.hasPrefix("basic") }
}
