import CCUDA
package import Compute

/// What a green context is made of: some of a device's multiprocessors.
struct ResourceDescription: @unchecked Sendable {
    let raw: weft_CUdevResourceDesc
}

extension CUDADevice {
    package var partitioning: Partitioning {
        if physical.multiprocessors != nil, limits.computeUnits > 1 { return .greenContexts }
        return priorities.count > 1 ? .queues : .budget
    }

    /// Divides the device: multiprocessors for each part, else streams with priorities.
    package func partition(into units: [Int]) throws(ComputeError) -> DevicePartition {
        guard !units.isEmpty, units.allSatisfy({ $0 > 0 }) else {
            throw .unsupported(device: description.name, reason: "it cannot be divided into \(units)")
        }
        if partitioning == .greenContexts, let multiprocessors = physical.multiprocessors, let green = functions.green {
            return try divide(multiprocessors, into: units, green)
        }
        guard partitioning == .queues else { return DevicePartition(whole: self, parts: units.map { _ in self }) }
        let priorities = priorities, most = (units.max() ?? 1)
        func part(_ weight: Int) -> any Device {
            let place = (priorities.count - 1) * weight / most
            return sharing(.priority(priorities.upperBound - CInt(place)), computeUnits: limits.computeUnits)
        }
        // The whole device weighs as much as the least share, as with other APIs.
        return DevicePartition(whole: part(1), parts: units.map(part))
    }

    private func divide(
        _ multiprocessors: Multiprocessors, into units: [Int], _ green: GreenFunctions
    ) throws(ComputeError) -> DevicePartition {
        guard units.reduce(0, +) <= min(limits.computeUnits, multiprocessors.count) else {
            throw .unsupported(
                device: description.name, reason: "it has \(limits.computeUnits) compute units, not \(units) to divide")
        }
        var rest = multiprocessors.groups[...]
        var parts: [any Device] = []
        for units in units {
            var groups = Array(rest.prefix(units))
            rest = rest.dropFirst(units)
            let made = try context.call("cuDevResourceGenerateDesc", weft_CUdevResourceDesc?.none) {
                green.resourceDescribe(&$0, &groups, UInt32(groups.count))
            }
            guard let made else {
                throw .failed(device: description.name, call: "cuDevResourceGenerateDesc", code: 0)
            }
            parts.append(sharing(.multiprocessors(ResourceDescription(raw: made)), computeUnits: units))
        }
        return DevicePartition(whole: self, parts: parts)
    }

    /// Those that streams may have, the most urgent first.
    private var priorities: ClosedRange<CInt> {
        let range = try? context.call("cuCtxGetStreamPriorityRange", (least: CInt(0), greatest: CInt(0))) {
            functions.streamPriorityRange(&$0.least, &$0.greatest)
        }
        guard let range, range.greatest <= range.least else { return 0...0 }
        return range.greatest...range.least
    }
}
