import Compute

/// Writes a kernel, its body already expanded, in one dialect.
protocol DialectWriter: Sendable {
    var dialect: Dialect { get }

    func write(_ kernel: TranslatedKernel) -> String
}

/// A kernel with its options, arguments and expanded body: all that a dialect needs.
struct TranslatedKernel {
    var name: String
    /// In order: `V`, `GROUP_SIZE`, then the kernel's options and their values' names.
    var definitions: [(name: String, value: String)]
    var arguments: [TranslatedArgument]
    var parameters: [ParameterArgument]
    var body: String
    var vectorWidth: Int
    /// Whether a group is one subgroup, so that sums over it need no shared memory.
    var usesSubgroups: Bool
}
