/// Memory that host and device share, seen by the host as elements.
///
/// Not synchronised: the caller keeps host and device from touching the same elements at once.
package struct HostArray<Element: BitwiseCopyable & Sendable>: Sendable {
    package let buffer: any Buffer
    package let count: Int
    private let base: Base

    private struct Base: @unchecked Sendable {
        let elements: UnsafeMutableBufferPointer<Element>
    }

    /// - Throws: `ComputeError.outOfMemory`.
    package init(
        _ type: Element.Type, count: Int, access: BufferAccess, label: String, on device: any Device
    ) throws(ComputeError) {
        let bytes = max(16, count * MemoryLayout<Element>.stride)
        try self.init(
            type, count: count, in: device.makeBuffer(byteCount: bytes, access: access, label: label), of: device)
    }

    /// The elements of a buffer that the host sees.
    package init(
        _ type: Element.Type, count: Int, in buffer: any Buffer, of device: any Device
    ) throws(ComputeError) {
        guard let contents = buffer.contents else {
            throw .unsupported(device: device.description.name, reason: "it has no memory that the host can see")
        }
        self.buffer = buffer
        base = Base(elements: contents.bindMemory(to: type))
        self.count = count
    }

    package subscript(index: Int) -> Element {
        get { base.elements[checked(index)] }
        nonmutating set { base.elements[checked(index)] = newValue }
    }

    /// Copies `elements` to the places from `start` on.
    package func replace(from start: Int, with elements: some Collection<Element>) {
        precondition(start >= 0 && start + elements.count <= count, "\(buffer.label) has no place for the elements")
        _ = UnsafeMutableBufferPointer(rebasing: base.elements[start..<start + elements.count]).update(
            fromContentsOf: elements)
    }

    /// Copies the elements of `range` from another array, to the same places.
    package func copy(_ range: Range<Int>, from other: HostArray) {
        precondition(range.lowerBound >= 0 && range.upperBound <= min(count, other.count), "\(buffer.label): \(range)")
        _ = UnsafeMutableBufferPointer(rebasing: base.elements[range]).update(
            fromContentsOf: other.base.elements[range])
    }

    /// Lets the dispatches of a pass see what was written to `range` of an array of `BufferAccess.upload`.
    package func upload(_ range: Range<Int>, _ commands: any Commands) {
        commands.upload(buffer, bytes(range))
    }

    /// Brings what the dispatches of a pass wrote to `range` of an array of `BufferAccess.download`.
    package func download(_ range: Range<Int>, _ commands: any Commands) {
        commands.download(buffer, bytes(range))
    }

    private func bytes(_ range: Range<Int>) -> Range<Int> {
        let size = MemoryLayout<Element>.stride
        return range.lowerBound * size..<range.upperBound * size
    }

    /// Lends the elements of `range`.
    package func withElements<Result>(_ range: Range<Int>, _ body: (Span<Element>) -> Result) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(buffer.label) has no such elements")
        return body(UnsafeBufferPointer(rebasing: base.elements[range]).span)
    }

    private func checked(_ index: Int) -> Int {
        precondition(index >= 0 && index < count, "\(buffer.label) has no element \(index)")
        return index
    }
}
