import ArgumentParser

/// `--device`, alike in every command.
struct DeviceOption: ParsableArguments {
    @Option(help: "The device: vulkan or opencl, alone or with :INDEX or :PART-OF-NAME.")
    var device: String?

    /// What was asked for, or the first device of the most capable kind.
    var selector: String { device ?? "vulkan" }
}
