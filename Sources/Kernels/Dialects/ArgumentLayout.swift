package import Compute

/// How a kernel sees one of its buffers.
package struct ArgumentLayout: Sendable, Hashable {
    /// Bindings that the buffer is cut into.
    package var windows: Int
    /// Bytes of each window but the last; a power of two.
    package var windowBytes: Int
    /// Whether the buffer is read by texel fetch.
    package var isTexel: Bool

    package init(windows: Int = 1, windowBytes: Int = 1 << 30, isTexel: Bool = false) {
        self.windows = windows
        self.windowBytes = windowBytes
        self.isTexel = isTexel
    }

    /// The layout of a buffer of `byteCount` bytes on a device with `limits`.
    package init(_ argument: BufferArgument, byteCount: Int, limits: DeviceLimits) {
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
    var isWide: Bool { ![.float, .uint, .half].contains(self) }

    var isUnsigned: Bool { self == .uvec || self == .uquad || self == .uint }

    func byteCount(vectorWidth: Int) -> Int {
        switch self {
        case .vec, .uvec: 4 * vectorWidth
        case .quad, .uquad: 16
        case .float, .uint: 4
        case .half: 2
        }
    }
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

    /// `nil` for a buffer that one binding shows.
    func windows(vectorWidth: Int) -> BufferWindows? {
        guard layout.windows > 1 else { return nil }
        let elements = layout.windowBytes / buffer.element.byteCount(vectorWidth: vectorWidth)
        return BufferWindows(count: layout.windows, shift: elements.trailingZeroBitCount)
    }

    /// What `LOAD` and `STORE` become in every dialect: an index into the one window, or a choice among several.
    /// `LOAD_x_0`
    /// loads from a window that the kernel has chosen.
    func accessors(vectorWidth: Int) -> [String] {
        let name = buffer.name
        guard let windows = windows(vectorWidth: vectorWidth) else {
            return [
                "#define LOAD_\(name)(i) \(windowNames[0])[i]",
                "#define STORE_\(name)(i, value) \(windowNames[0])[i] = (value)",
            ]
        }
        let place = windows.place(of: "i")
        let load = (0..<windows.count - 1).reversed().reduce("LOAD_\(name)_\(windows.count - 1)(i)") {
            "(((i) >> \(windows.shift)) == \($1)u ? LOAD_\(name)_\($1)(i) : \($0))"
        }
        let store = windowNames.enumerated().map {
            "if (((i) >> \(windows.shift)) == \($0)u) \($1)[\(place)] = (value);"
        }
        return windowNames.map { "#define LOAD_\($0)(i) \($0)[\(place)]" } + [
            "#define LOAD_\(name)(i) \(load)",
            "#define STORE_\(name)(i, value) { \(store.joined(separator: " ")) }",
        ]
    }

    /// Whether the body may prefetch from the argument.
    var isPrefetched: Bool { buffer.access == .read && buffer.element.isWide && buffer.element.isUnsigned }

    /// What `LOAD_SPAN` becomes where a span is one quad: a load.
    var spanAccessors: [String] {
        guard isSpanned else { return [] }
        return (layout.windows == 1 ? [buffer.name] : windowNames).map { "#define LOAD_SPAN_\($0) LOAD_\($0)" }
    }

    /// Whether the body may load spans of the argument, which are neighbouring quads.
    var isSpanned: Bool { buffer.access == .read && (buffer.element == .quad || buffer.element == .uquad) }

    /// Whether the body may name quads of the argument with `HOLD`.
    var isHeld: Bool { buffer.element == .quad && buffer.access == .read }
}
