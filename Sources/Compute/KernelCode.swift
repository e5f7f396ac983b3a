/// A kernel translated for one device: source of its dialect and how its arguments are bound.
package struct KernelCode: Sendable, Hashable {
    /// The kernel's name and options, for logs: `matmul<ROWS=8>`.
    package var label: String
    package var dialect: Dialect
    package var source: String
    package var bindings: [KernelBinding]
    /// 32-bit words of parameters, with first tile and tile count at the end.
    package var parameterCount: Int
    package var groupSize: Int
    /// Whether it multiplies on the device's matrix units.
    package var usesMatrices: Bool

    package init(
        label: String, dialect: Dialect, source: String, bindings: [KernelBinding], parameterCount: Int,
        groupSize: Int, usesMatrices: Bool = false
    ) {
        self.usesMatrices = usesMatrices
        self.label = label
        self.dialect = dialect
        self.source = source
        self.bindings = bindings
        self.parameterCount = parameterCount
        self.groupSize = groupSize
    }
}

/// One buffer argument of a kernel.
package struct KernelBinding: Sendable, Hashable {
    package enum Access: String, Sendable { case read, write, readWrite }
    /// What one element of the argument is, for texel views.
    package enum Element: Sendable { case float, uint }

    package var name: String
    package var access: Access
    package var element: Element
    /// Bindings that the argument takes: its buffer is cut into windows of `DeviceLimits.windowBytes`.
    package var windows: Int
    /// Whether the argument is read by texel fetch.
    package var isTexel: Bool

    package init(name: String, access: Access, element: Element, windows: Int, isTexel: Bool) {
        self.name = name
        self.access = access
        self.element = element
        self.windows = windows
        self.isTexel = isTexel
    }
}
