/// A kernel as it stands in its file: one signature, one body.
///
/// ```
/// kernel NAME(read|write|update TYPE name, …, uint|int|float name, …)
/// options NAME = VALUE VALUE …, …
/// parts NAME …
/// shared TYPE NAME[COUNT] when CONDITION, …
/// tiles WHAT ONE TILE IS
/// { body }
/// ```
/// Buffer types are `vec`, `quad`, `float` and their unsigned twins `uvec`, `uquad`, `uint`; `vec` is as wide as suits
/// the device,
/// `quad` is always four wide.
package struct KernelSource: Sendable, Hashable {
    package var name: String
    package var buffers: [BufferArgument]
    package var parameters: [ParameterArgument]
    package var options: [KernelOption]
    /// Texts that kernels share, which stand before the body.
    package var parts: [String]
    /// Memory that the lanes of a group share.
    package var shared: [SharedArray]
    /// What one tile is, in words.
    package var tiles: String
    package var body: String
}

extension KernelSource {
    /// - Throws: `KernelSourceError` where the text is no kernel.
    package init(parsing text: String) throws(KernelSourceError) {
        var parser = KernelParser(text)
        self = try parser.parse()
    }
}

/// A buffer that a kernel is given.
package struct BufferArgument: Sendable, Hashable {
    package enum Access: String, Sendable { case read, write, update }
    /// `half` is for shared memory alone.
    package enum Element: String, Sendable { case vec, quad, float, uvec, uquad, uint, half }

    package var name: String
    package var access: Access
    package var element: Element
}

/// A scalar that every dispatch of a kernel carries.
package struct ParameterArgument: Sendable, Hashable {
    package enum Kind: String, Sendable { case uint, int, float }

    package var name: String
    package var kind: Kind
}

/// A choice that is made when a kernel is compiled, with every value that it may take.
package struct KernelOption: Sendable, Hashable {
    package var name: String
    package var values: [String]

    package init(name: String, values: [String]) {
        self.name = name
        self.values = values
    }
}

/// Memory that the lanes of a group share, in variants that need it.
package struct SharedArray: Sendable, Hashable {
    package var name: String
    package var element: BufferArgument.Element
    /// What the preprocessor makes a number of, from options and the other names that come with them.
    package var count: String
    /// The preprocessor's condition for having the array.
    package var condition: String
}

/// Where a kernel's file breaks the rules of its language.
package struct KernelSourceError: Error, Sendable, Hashable, CustomStringConvertible {
    package var kernel: String
    package var reason: String

    package var description: String { "kernel \(kernel): \(reason)" }
}
