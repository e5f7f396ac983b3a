package import Compute

/// A device's kernels, each variant compiled once, when it is first asked for.
///
/// Used while a model is loaded, by one task at a time.
package final class KernelSet {
    package let device: any Device
    package let limits: DeviceLimits
    private let translator: KernelTranslator
    private let sources: [String: KernelSource]
    private var kernels: [Key: any Kernel] = [:]

    private struct Key: Hashable {
        var name: String
        var options: [String: String]
        var layouts: [ArgumentLayout]
    }

    /// - Parameters:
    ///   - limits: the device's own, or a copy with features switched off.
    ///   - sources: the library's own, or a copy that was changed to see whether tests notice.
    package init(
        device: any Device, limits: DeviceLimits? = nil, sources: KernelSources? = nil
    ) throws(ComputeError) {
        self.device = device
        self.limits = limits ?? device.limits
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
        return try kernel(source, Key(name: name, options: options, layouts: layouts)).bind(buffers)
    }

    private func kernel(_ source: KernelSource, _ key: Key) throws(ComputeError) -> any Kernel {
        if let kernel = kernels[key] { return kernel }
        let code: KernelCode
        do throws(KernelSourceError) {
            code = try translator.translate(source, options: key.options, layouts: key.layouts)
        } catch {
            throw .compilation(device: device.description.name, kernel: error.kernel, log: error.reason)
        }
        let kernel = try device.makeKernel(code)
        kernels[key] = kernel
        return kernel
    }
}
