import Compute

/// Writes a kernel, its body already expanded, in one dialect.
protocol DialectWriter: Sendable {
    var dialect: Dialect { get }

    func write(_ kernel: TranslatedKernel) -> String
}

/// A kernel with its options, arguments and expanded body: all that a dialect needs.
struct TranslatedKernel {
    var name: String
    /// `V`, `GROUP_SIZE`, `PANEL`, then each option after the names of its values.
    var definitions: [(name: String, value: String)]
    var arguments: [TranslatedArgument]
    var parameters: [ParameterArgument]
    /// What defines the words of the dialect.
    var prelude: String
    var body: String
    var vectorWidth: Int
    /// Whether a group is one subgroup, so that sums over it need no shared memory.
    var usesSubgroups: Bool
}
