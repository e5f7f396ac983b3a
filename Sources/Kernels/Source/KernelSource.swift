/// A kernel as it stands in its file: one signature, one body.
///
/// ```
/// kernel NAME(read|write|update TYPE name, …, uint|int|float name, …)
/// options NAME = VALUE VALUE …, …
/// tiles WHAT ONE TILE IS
/// { body }
/// ```
/// Buffer types are `vec`, `quad`, `float` and their unsigned twins `uvec`, `uquad`, `uint`; `vec` is as wide as suits
/// the device,
/// `quad` is always four wide.
public struct KernelSource: Sendable, Hashable {
    public var name: String
    public var buffers: [BufferArgument]
    public var parameters: [ParameterArgument]
    public var options: [KernelOption]
    /// What one tile is, in words.
    public var tiles: String
    public var body: String
}

extension KernelSource {
    /// - Throws: `KernelSourceError` where the text is no kernel.
    public init(parsing text: String) throws(KernelSourceError) {
        var parser = KernelParser(text)
        self = try parser.parse()
    }
}

/// A buffer that a kernel is given.
public struct BufferArgument: Sendable, Hashable {
    public enum Access: String, Sendable { case read, write, update }
    public enum Element: String, Sendable { case vec, quad, float, uvec, uquad, uint }

    public var name: String
    public var access: Access
    public var element: Element
}

/// A scalar that every dispatch of a kernel carries.
public struct ParameterArgument: Sendable, Hashable {
    public enum Kind: String, Sendable { case uint, int, float }

    public var name: String
    public var kind: Kind
}

/// A choice that is made when a kernel is compiled, with every value that it may take.
public struct KernelOption: Sendable, Hashable {
    public var name: String
    public var values: [String]

    public init(name: String, values: [String]) {
        self.name = name
        self.values = values
    }
}

/// Where a kernel's file breaks the rules of its language.
public struct KernelSourceError: Error, Sendable, Hashable, CustomStringConvertible {
    public var kernel: String
    public var reason: String

    public var description: String { "kernel \(kernel): \(reason)" }
}
