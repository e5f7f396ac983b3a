/// Memory in which the devices of a mesh show each other what each has computed: slots that one of them writes and all
/// read.
///
/// Where devices see the same memory (parts of one device, or all that work on the host's), it may be that, and nothing
/// is copied. Else each takes the slots of the others before its next commands: from their memory where the API has a
/// way from one device to another, or from the host's, to where each has brought its own. Slots that are written again
/// need a meeting in between: two exchanges by turns do with one meeting each.
package final class Exchange: Sendable {
    /// How slots get from one device to the others.
    package enum Way: String, Sendable, Hashable, Codable, CaseIterable {
        /// Memory that all of them see.
        case shared
        /// From one device's memory to another's.
        case peer
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

    /// The ways that devices have; none but `shared` where all are of one memory.
    package static func ways(on devices: [any Device]) -> [Way] {
        let domains = Set(devices.map(\.memoryDomain))
        if domains.count == 1 { return [.shared] }
        let isShared = SharedBuffer.isPossible(on: devices)
        let isPeer = devices.allSatisfy { device in
            devices.allSatisfy { $0.memoryDomain == device.memoryDomain || device.reaches($0) }
        }
        return (isShared ? [.shared] : []) + (isPeer ? [.peer] : []) + [.staged]
    }

    /// - Parameters:
    ///   - slotBytes: of each slot.
    ///   - way: one of `ways(on:)`.
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
        case .peer:
            views = try devices.map { device throws(ComputeError) in
                let memory = try device.makeBuffer(byteCount: byteCount, access: .device, label: label)
                return View(own: memory, all: memory)
            }
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
        switch way {
        case .shared: break
        case .peer:
            for (other, slots) in held.enumerated() where other != rank {
                for slot in slots { commands.copy(views[other].own, to: views[rank].all, range(slot, bytes)) }
            }
        case .staged:
            guard let all = views[rank].all.contents else { return }
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
    }

    private func range(_ slot: Int, _ bytes: Int) -> Range<Int> {
        precondition(bytes <= slotBytes, "a slot has \(slotBytes) bytes")
        return slot * slotBytes..<slot * slotBytes + bytes
    }
}
