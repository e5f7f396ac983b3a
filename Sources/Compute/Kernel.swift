/// A compiled kernel of one device.
package protocol Kernel: AnyObject, Sendable {
    var code: KernelCode { get }

    /// Ties the kernel to the buffers of its arguments, in the order of `KernelCode.bindings`.
    ///
    /// Done once when a model is loaded, so that a dispatch allocates nothing.
    /// - Throws: `ComputeError.argument` when count or sizes do not fit the kernel.
    func bind(_ buffers: [any Buffer]) throws(ComputeError) -> any BoundKernel

    /// Keeps what the compiler made of the kernel for later starts, where `Device.makeKernel` has not. May block for a
    /// second.
    func keep()
}

/// A kernel that was kept when it was made.
extension Kernel {
    package func keep() {}
}

/// A kernel with its buffers, ready to be dispatched.
package protocol BoundKernel: AnyObject, Sendable {
    var kernel: any Kernel { get }
}
