package import Compute
import Dispatch
import Synchronization

/// A kernel that is tied to its buffers once it is compiled.
final class KernelPromise: Sendable {
    private let bound = Mutex<(any BoundKernel)?>(nil)

    /// The kernel, if it is compiled.
    var ifKept: (any BoundKernel)? { bound.withLock { $0 } }

    func keep(_ kernel: any BoundKernel) { bound.withLock { $0 = kernel } }
}

extension Commands {
    /// Runs a kernel that must have been compiled by now.
    func dispatch(_ promise: KernelPromise, _ parameters: Parameters, tiles: Int) {
        guard let kernel = promise.ifKept else { preconditionFailure("a kernel was dispatched before it was compiled") }
        dispatch(kernel, parameters, tiles: tiles)
    }
}

/// Kernels that were bound and are still to be compiled.
package struct PendingKernels: Sendable {
    /// When a kernel must be there.
    package enum Need: Sendable, Hashable {
        /// Before the first dispatch.
        case first
        /// Some time: until then another one does its work, to the same result.
        case later
    }

    struct Item: Sendable {
        let variant: KernelSet.Variant
        let buffers: [any Buffer]
        let need: Need
        let promise: KernelPromise
    }

    private let kernels: KernelSet
    private let items: [Item]

    init(of kernels: KernelSet, _ items: [Item]) {
        self.kernels = kernels
        self.items = items
    }

    /// A variant of a kernel, translated and not compiled.
    package struct Translated: Sendable {
        package let kernel: String
        package let options: [String: String]
        package let code: KernelCode
    }

    /// Every variant that was bound, once, in the order in which they were bound.
    /// - Parameter isWanted: of a kernel's name.
    package func translated(
        where isWanted: (_ kernel: String) -> Bool = { _ in true }
    ) throws(ComputeError) -> [Translated] {
        var seen: Set<KernelSet.Variant> = []
        var all: [Translated] = []
        for variant in items.map(\.variant) where isWanted(variant.name) && seen.insert(variant).inserted {
            all.append(
                Translated(kernel: variant.name, options: variant.options, code: try kernels.code(of: variant)))
        }
        return all
    }

    /// The promises of each variant, in the order in which they were bound.
    private func groups(_ need: Need) -> [[Item]] {
        var places: [KernelSet.Variant: Int] = [:]
        var groups: [[Item]] = []
        for item in items where item.need == need && item.promise.ifKept == nil {
            if let place = places[item.variant] {
                groups[place].append(item)
            } else {
                places[item.variant] = groups.count
                groups.append([item])
            }
        }
        return groups
    }

    /// Compiles what is needed first, on as many cores as the device's compiler can use, and has the driver finish its
    /// part by running each kernel over nothing. Blocks for seconds.
    ///
    /// Nothing is kept for later starts: that is left to `KernelSet.keep`.
    ///
    /// - Parameter progress: called with how many kernels of how many are compiled, from several threads; again with
    ///   all of them each time that the driver has finished one.
    package func compileFirst(
        progress: @escaping @Sendable (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(ComputeError) {
        let groups = groups(.first)
        let missing = groups.map { $0[0].variant }.filter { !kernels.isCompiled($0) }
        let state = Mutex((done: 0, failure: ComputeError?.none))
        let compile: @Sendable (Int) -> Void = { index in
            guard state.withLock({ $0.failure == nil }) else { return }
            do throws(ComputeError) {
                _ = try kernels.kernel(missing[index], keeps: false)
            } catch {
                state.withLock { $0.failure = $0.failure ?? error }
            }
            let done = state.withLock { state in
                state.done += 1
                return state.done
            }
            progress(done, missing.count)
        }
        if kernels.device.compilesInParallel {
            DispatchQueue.concurrentPerform(iterations: missing.count, execute: compile)
        } else {
            for index in missing.indices { compile(index) }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
        try finish(groups, on: "compiling") { progress(missing.count, missing.count) }
    }

    /// Compiles what can come later, one kernel after the other, while others are at work on the device. Each comes
    /// into use when the driver is done with it. Blocks for seconds.
    package func compileLater() throws(ComputeError) {
        for group in groups(.later) {
            try ProcessEnd.delayed { () throws(ComputeError) in try finish([group], on: "compiling behind") }
        }
    }

    /// Keeps for later starts what was compiled, as `KernelSet.keep`.
    package func keep() { kernels.keep() }

    /// Ties kernels to their buffers, and runs each over nothing before it may be used.
    /// - Parameter step: called after each.
    private func finish(_ groups: [[Item]], on label: String, step: () -> Void = {}) throws(ComputeError) {
        guard !groups.isEmpty else { return }
        let lane = try kernels.device.makeLane(label: label)
        for group in groups {
            let kernel = try kernels.kernel(group[0].variant, keeps: false)
            var bound: [any BoundKernel] = []
            for item in group { bound.append(try kernel.bind(item.buffers)) }
            try lane.run { commands in commands.touch(bound[0]) }
            for (item, bound) in zip(group, bound) { item.promise.keep(bound) }
            step()
        }
    }
}
