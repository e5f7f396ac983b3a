package import Compute
import Dispatch
import Quantities
import Synchronization

/// A device's kernels, each variant compiled once, when it is first asked for.
package final class KernelSet: Sendable {
    package let device: any Device
    package let limits: DeviceLimits
    package let facts: DeviceFacts
    /// The shapes that products have here.
    package let tuning: Tuning
    /// Stands for buffers that a variant of a kernel does not read.
    let nothing: any Buffer
    private let translator: KernelTranslator
    private let sources: [String: KernelSource]
    private let kernels = Mutex<[Variant: any Kernel]>([:])
    /// What is bound while `gather` is under way.
    private let gathered = Mutex<[PendingKernels.Item]?>(nil)

    /// What tells one compiled kernel from another.
    struct Variant: Hashable, Sendable {
        var name: String
        var options: [String: String]
        var layouts: [ArgumentLayout]
        var groupSize: Int
    }

    /// - Parameters:
    ///   - limits: the device's own, or a copy with features switched off.
    ///   - sources: the library's own, or a copy that was changed to see whether tests notice.
    ///   - tuning: of this device, with these limits.
    package init(
        device: any Device, limits: DeviceLimits? = nil, sources: KernelSources? = nil, tuning: Tuning = Tuning()
    ) throws(ComputeError) {
        self.device = device
        self.tuning = tuning
        self.limits = limits ?? device.limits
        facts = device.facts
        nothing = try device.makeBuffer(byteCount: PageLayout.wordBytes, access: .device, label: "nothing")
        let chosen: KernelSources
        do throws(KernelSourceError) {
            if let sources { chosen = sources } else { chosen = try KernelSources() }
        } catch {
            throw .compilation(device: device.description.name, kernel: error.kernel, log: error.reason)
        }
        self.sources = chosen.kernels
        translator = KernelTranslator(
            dialect: device.dialect, limits: self.limits, prelude: chosen.preludes[device.dialect])
    }

    /// The kernel `name` with `options`, compiled for `buffers` and tied to them.
    ///
    /// The size of each buffer decides how the kernel sees it: as one binding or several, by texel fetch or storage
    /// read.
    package func bind(
        _ name: String, _ options: [String: String] = [:], _ buffers: [any Buffer]
    ) throws(ComputeError) -> any BoundKernel {
        try kernel(variant(name, options, buffers, groupSize: limits.groupSize)).bind(buffers)
    }

    /// The same, compiled at once, or within `gather` later, together with all that is bound there.
    /// - Parameter groupSize: lanes of a group; `nil` for as many as suit the device.
    func promise(
        _ name: String, _ options: [String: String] = [:], _ buffers: [any Buffer], groupSize: Int? = nil,
        need: PendingKernels.Need = .first
    ) throws(ComputeError) -> KernelPromise {
        let variant = try variant(name, options, buffers, groupSize: groupSize ?? limits.groupSize)
        let promise = KernelPromise()
        let isGathered = gathered.withLock { items in
            items?.append(PendingKernels.Item(variant: variant, buffers: buffers, need: need, promise: promise))
            return items != nil
        }
        if !isGathered { promise.keep(try kernel(variant).bind(buffers)) }
        return promise
    }

    /// Lets `body` bind kernels without compiling any; one call at a time.
    /// - Returns: what `body` gives, which works once the kernels are compiled that it needs first.
    package func gather<Result>(
        _ body: () throws(ComputeError) -> Result
    ) throws(ComputeError) -> (Result, PendingKernels) {
        gathered.withLock { items in
            precondition(items == nil, "kernels are being gathered already")
            items = []
        }
        defer { gathered.withLock { $0 = nil } }
        let result = try body()
        return (result, PendingKernels(of: self, gathered.withLock { $0 ?? [] }))
    }

    /// Keeps for later starts what was compiled and not kept, one kernel after the other, while others are at work on
    /// the device. Blocks for seconds.
    package func keep() {
        for kernel in kernels.withLock({ Array($0.values) }) {
            ProcessEnd.delayed { kernel.keep() }
        }
    }

    private func variant(
        _ name: String, _ options: [String: String], _ buffers: [any Buffer], groupSize: Int
    ) throws(ComputeError) -> Variant {
        guard let source = sources[name] else { throw .argument(kernel: name, reason: "no such kernel") }
        guard buffers.count == source.buffers.count else {
            throw .argument(kernel: name, reason: "takes \(source.buffers.count) buffers, not \(buffers.count)")
        }
        let layouts = zip(source.buffers, buffers).map {
            ArgumentLayout($0, byteCount: $1.byteCount, limits: limits)
        }
        guard layouts.reduce(0, { $0 + $1.windows }) <= limits.maxBindings else {
            throw .argument(
                kernel: name,
                reason: "needs more than the \(limits.maxBindings) bindings that \(device.description.name) has")
        }
        return Variant(name: name, options: options, layouts: layouts, groupSize: groupSize)
    }

    func isCompiled(_ variant: Variant) -> Bool { kernels.withLock { $0[variant] != nil } }

    /// - Parameter keeps: whether what is compiled is kept for later starts at once, which may take as long again.
    func kernel(_ variant: Variant, keeps: Bool = true) throws(ComputeError) -> any Kernel {
        if let kernel = kernels.withLock({ $0[variant] }) { return kernel }
        let kernel = try device.makeKernel(code(of: variant))
        if keeps { kernel.keep() }
        kernels.withLock { $0[variant] = kernel }
        return kernel
    }

    /// What the device's compiler is given for `variant`.
    func code(of variant: Variant) throws(ComputeError) -> KernelCode {
        guard let source = sources[variant.name] else {
            throw .argument(kernel: variant.name, reason: "no such kernel")
        }
        do throws(KernelSourceError) {
            return try translator.translate(
                source, options: variant.options, layouts: variant.layouts, groupSize: variant.groupSize)
        } catch {
            throw .compilation(device: device.description.name, kernel: error.kernel, log: error.reason)
        }
    }
}
