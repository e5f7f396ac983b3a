import ArgumentParser

/// The requests that are simulated, and on what.
struct WorkloadOptions: ParsableArguments {
    @Option(help: "The models and their rates: YAML as MuxServe's placement reads it.")
    var workload: String

    @Option(help: "NODESxDEVICES, NODESxDEVICESxGB or a YAML file; overrides the workload's.")
    var cluster: String?

    @Option(help: "The cost file: MuxServe's JSON, or CSV.")
    var costs: String

    @OptionGroup var requests: RequestOptions
}
