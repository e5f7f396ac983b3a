/// An ordered stream of commands on a device that holds a share of it.
///
/// A lane's methods block, and are called from one thread: the lane's own.
package protocol Lane: AnyObject, Sendable {
    /// Records commands, runs them, and returns when they are done.
    /// - Returns: the seconds that the device was at work, where it can tell.
    /// - Throws: `ComputeError.deviceLost` and what `record` throws.
    @discardableResult
    func run(_ record: (any Commands) throws(ComputeError) -> Void) throws(ComputeError) -> Double?
}

/// Commands while they are recorded. Each sees the effects of those before it.
package protocol Commands: AnyObject {
    /// Runs a kernel over `tiles`, with at most `DeviceLimits.maxGroupCount` groups, which walk them.
    func dispatch(_ kernel: any BoundKernel, _ parameters: Parameters, tiles: Range<Int>)

    /// Lets the dispatches of a pass see what the host wrote to bytes of a buffer of `BufferAccess.upload`. Before all
    /// dispatches.
    func upload(_ buffer: any Buffer, _ range: Range<Int>)

    /// Brings what the dispatches of a pass wrote to bytes of a buffer of `BufferAccess.download` to where the host
    /// sees it. After all dispatches.
    func download(_ buffer: any Buffer, _ range: Range<Int>)

    /// Takes bytes of a buffer of `BufferAccess.device` from one of another device, which this one `reaches` and which
    /// is done with them. Before all dispatches.
    func copy(_ source: any Buffer, to target: any Buffer, _ range: Range<Int>)

    /// Runs a kernel over no tiles: drivers that compile when a kernel first runs do so now.
    func touch(_ kernel: any BoundKernel)
}

extension Commands {
    /// Nothing, for devices that see what the host wrote.
    package func upload(_ buffer: any Buffer, _ range: Range<Int>) {}

    /// Nothing, for devices whose writes the host sees.
    package func download(_ buffer: any Buffer, _ range: Range<Int>) {}

    /// For devices that reach no other.
    package func copy(_ source: any Buffer, to target: any Buffer, _ range: Range<Int>) {
        preconditionFailure("\(target.label) was to be copied to from a device that is not reached")
    }

    /// Nothing, for devices whose kernels are ready as soon as they are compiled.
    package func touch(_ kernel: any BoundKernel) {}

    package func dispatch(_ kernel: any BoundKernel, _ parameters: Parameters, tiles: Int) {
        dispatch(kernel, parameters, tiles: 0..<tiles)
    }
}
