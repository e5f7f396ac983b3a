/// Memory in which the devices of a mesh show each other what each has computed: slots that one of them writes and all
/// read.
///
/// Where devices see the same memory (parts of one device, or all that work on the host's), it may be that, and nothing
/// is copied. Else each brings its slots to the host when its commands are done, and takes those of all before its next
/// ones. Slots that are written again need a meeting in between: two exchanges by turns do with one meeting each.
package final class Exchange: Sendable {
    /// How slots get from one device to the others.
    package enum Way: String, Sendable, Hashable, Codable, CaseIterable {
        /// Memory that all of them see.
        case shared
        /// By way of the host.
        case staged
    }

    private let way: Way
    private let slotBytes: Int
    /// The slots that each rank writes.
    private let held: [Range<Int>]
    private let views: [View]

    private struct View: Sendable {
        /// Where the rank writes its slots.
        let own: any Buffer
        /// Where it reads those of all.
        let all: any Buffer
    }

    /// - Parameters:
    ///   - slotBytes: of each slot.
    ///   - held: the slots that each device writes, which follow one another.
    /// - Throws: `ComputeError.outOfMemory`; `unsupported` where devices do not see the memory that they are to share.
    package init(
        slotBytes: Int, held: [Range<Int>], label: String, on devices: [any Device], way: Way
    ) throws(ComputeError) {
        precondition(devices.count == held.count && !devices.isEmpty, "a range of slots for each device")
        let byteCount = slotBytes * (held.last?.upperBound ?? 0)
        self.way = way
        self.slotBytes = slotBytes
        self.held = held
        switch way {
        case .shared:
            let memory = try SharedBuffer(byteCount: byteCount, access: .device, label: label, on: devices)
            views = devices.map { View(own: memory[$0], all: memory[$0]) }
        case .staged:
            views = try devices.map { device throws(ComputeError) in
                View(
                    own: try device.makeBuffer(byteCount: byteCount, access: .download, label: "\(label), own"),
                    all: try device.makeBuffer(byteCount: byteCount, access: .upload, label: "\(label), all"))
            }
        }
    }

    /// Where a rank's kernels write its slots: each slot in its place among all.
    package func own(_ rank: Int) -> any Buffer { views[rank].own }

    /// Where a rank's kernels read the slots of all.
    package func all(_ rank: Int) -> any Buffer { views[rank].all }

    /// After the dispatches that wrote a rank's slots: brings their first `bytes` to where others may take them.
    package func show(_ rank: Int, bytes: Int, _ commands: any Commands) {
        guard way == .staged else { return }
        for slot in held[rank] { commands.download(views[rank].own, range(slot, bytes)) }
    }

    /// After all have met, before the dispatches that read them: takes the first `bytes` of each slot.
    package func take(_ rank: Int, bytes: Int, _ commands: any Commands) {
        guard way == .staged, let all = views[rank].all.contents else { return }
        for (other, slots) in held.enumerated() {
            guard let own = views[other].own.contents else { continue }
            for slot in slots {
                let range = range(slot, bytes)
                UnsafeMutableRawBufferPointer(rebasing: all[range]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: own[range]))
                commands.upload(views[rank].all, range)
            }
        }
    }

    private func range(_ slot: Int, _ bytes: Int) -> Range<Int> {
        precondition(bytes <= slotBytes, "a slot has \(slotBytes) bytes")
        return slot * slotBytes..<slot * slotBytes + bytes
    }
}
