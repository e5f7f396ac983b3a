import Compute

/// Writes a kernel, its body already expanded, in one dialect.
protocol DialectWriter: Sendable {
    var dialect: Dialect { get }

    /// A kernel's body, not yet expanded, as the dialect spells it.
    func spelling(of body: String) -> String

    func write(_ kernel: TranslatedKernel) -> String
}

extension DialectWriter {
    func spelling(of body: String) -> String { body }
}

/// A kernel with its options, arguments and expanded body: all that a dialect needs.
struct TranslatedKernel {
    var name: String
    /// `V`, `GROUP_SIZE`, `PANEL`, `TURN`, then each option after the names of its values.
    var definitions: [(name: String, value: String)]
    var arguments: [TranslatedArgument]
    var parameters: [ParameterArgument]
    var shared: [SharedArray]
    /// What defines the words of the dialect.
    var prelude: String
    var body: String
    var vectorWidth: Int
    /// Lanes of a subgroup where sums over a group may use them; 0 where they need shared memory alone.
    var subgroupSize: Int

    /// The parameters of the entry point, such as `uint width`; those of the tile range come last.
    var parameterList: [String] {
        parameters.map { "\($0.kind.rawValue) \($0.name)" } + ["uint firstTile", "uint tileCount"]
    }

    /// The declarations of memory that a group shares, each in the variants that need it.
    /// - Parameter qualifier: stands before the type.
    func sharedMemory(_ qualifier: String) -> [String] {
        shared.flatMap {
            ["#if \($0.condition)", "\(qualifier) \($0.element.rawValue) \($0.name)[\($0.count)];", "#endif"]
        }
    }

    /// The arguments of the entry point where a dialect takes buffers as pointers: all windows of each, then the
    /// parameters.
    ///
    /// - Parameters:
    ///   - space: stands before a pointer's type.
    ///   - qualifier: stands behind it.
    func entryArguments(space: String = "", qualifier: String = "") -> String {
        let buffers = arguments.flatMap { argument in
            let element = (argument.buffer.access == .read ? "const " : "") + argument.buffer.element.rawValue
            return argument.windowNames.map { "\(space)\(element)* \(qualifier)\($0)" }
        }
        return (buffers + parameterList).joined(separator: ", ")
    }
}
