public import Compute

/// How a kernel sees one of its buffers.
public struct ArgumentLayout: Sendable, Hashable {
    /// Bindings that the buffer is cut into.
    public var windows: Int
    /// Bytes of each window but the last; a power of two.
    public var windowBytes: Int
    /// Whether the buffer is read by texel fetch.
    public var isTexel: Bool

    public init(windows: Int = 1, windowBytes: Int = 1 << 30, isTexel: Bool = false) {
        self.windows = windows
        self.windowBytes = windowBytes
        self.isTexel = isTexel
    }

    /// The layout of a buffer of `byteCount` bytes on a device with `limits`.
    public init(_ argument: BufferArgument, byteCount: Int, limits: DeviceLimits) {
        isTexel =
            argument.access == .read && argument.element.isWide && (byteCount + 15) / 16 <= limits.maxTexelElements
        windowBytes = limits.windowBytes
        // Texel views have a limit of their own, often far beyond that of bindings.
        let fits = isTexel || byteCount <= limits.maxBindingSize
        windows = fits ? 1 : (byteCount + windowBytes - 1) / windowBytes
    }
}

extension BufferArgument.Element {
    /// Whether an element is several numbers.
    var isWide: Bool { self != .float && self != .uint }

    var isUnsigned: Bool { self == .uvec || self == .uquad || self == .uint }
}

/// A buffer argument with its layout.
struct TranslatedArgument {
    var buffer: BufferArgument
    var layout: ArgumentLayout

    var binding: KernelBinding {
        KernelBinding(
            name: buffer.name,
            access: buffer.access == .read ? .read : buffer.access == .write ? .write : .readWrite,
            element: buffer.element.isUnsigned ? .uint : .float, windows: layout.windows, isTexel: layout.isTexel)
    }

    /// The names of the argument's windows in the translated source.
    var windowNames: [String] { (0..<layout.windows).map { "\(buffer.name)_\($0)" } }

    /// `log2` of the elements in a window, for elements of `elementBytes` bytes.
    func windowShift(elementBytes: Int) -> Int { (layout.windowBytes / elementBytes).trailingZeroBitCount }
}
