/// A kernel translated for one device: source of its dialect and how its arguments are bound.
public struct KernelCode: Sendable, Hashable {
    /// The kernel's name and options, for logs: `matmul<ROWS=8>`.
    public var label: String
    public var dialect: Dialect
    public var source: String
    public var bindings: [KernelBinding]
    /// 32-bit words of parameters, with first tile and tile count at the end.
    public var parameterCount: Int
    public var groupSize: Int

    public init(
        label: String, dialect: Dialect, source: String, bindings: [KernelBinding], parameterCount: Int, groupSize: Int
    ) {
        self.label = label
        self.dialect = dialect
        self.source = source
        self.bindings = bindings
        self.parameterCount = parameterCount
        self.groupSize = groupSize
    }
}

/// One buffer argument of a kernel.
public struct KernelBinding: Sendable, Hashable {
    public enum Access: String, Sendable { case read, write, readWrite }
    /// What one element of the argument is, for texel views.
    public enum Element: Sendable { case float, uint }

    public var name: String
    public var access: Access
    public var element: Element
    /// Bindings that the argument takes: its buffer is cut into windows of `DeviceLimits.windowBytes`.
    public var windows: Int
    /// Whether the argument is read by texel fetch.
    public var isTexel: Bool

    public init(name: String, access: Access, element: Element, windows: Int, isTexel: Bool) {
        self.name = name
        self.access = access
        self.element = element
        self.windows = windows
        self.isTexel = isTexel
    }
}
