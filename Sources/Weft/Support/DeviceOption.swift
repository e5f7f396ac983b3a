import ArgumentParser

/// `--device`, alike in every command.
struct DeviceOption: ParsableArguments {
    @Option(help: "The device: vulkan or opencl, alone or with :INDEX or :PART-OF-NAME; by default the fastest.")
    var device: String?
}
