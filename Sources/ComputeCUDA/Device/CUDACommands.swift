import CCUDA
import Compute

/// Launches and copies on a stream, which works in order: each sees the writes of those before it.
final class CUDACommands: Commands {
    private let stream: weft_CUstream
    private let device: CUDADevice
    private(set) var isEmpty = true
    /// Why a command was refused; those after it are left out.
    private(set) var failure: ComputeError?

    init(_ stream: weft_CUstream, device: CUDADevice) {
        self.stream = stream
        self.device = device
    }

    func dispatch(_ kernel: any BoundKernel, _ parameters: Parameters, tiles: Range<Int>) {
        if !tiles.isEmpty { launch(kernel, parameters, tiles: tiles) }
    }

    /// The driver loads a kernel when it is first launched.
    func touch(_ kernel: any BoundKernel) { launch(kernel, Parameters(zerosFor: kernel.kernel.code), tiles: 0..<0) }

    func upload(_ buffer: any Buffer, _ range: Range<Int>) {
        copy(buffer, range) { own, seen in
            device.functions.memcpyHtoD(own, seen, range.count, stream)
        }
    }

    func download(_ buffer: any Buffer, _ range: Range<Int>) {
        copy(buffer, range) { own, seen in
            device.functions.memcpyDtoH(seen, own, range.count, stream)
        }
    }

    func copy(_ source: any Buffer, to target: any Buffer, _ range: Range<Int>) {
        guard let source = source as? CUDABuffer, let target = target as? CUDABuffer else {
            preconditionFailure("a buffer of another backend was copied")
        }
        precondition(
            range.lowerBound >= 0 && range.upperBound <= min(source.byteCount, target.byteCount),
            "copy past the end of \(target.label)")
        guard !range.isEmpty else { return }
        let offset = UInt64(range.lowerBound)
        attempt("cuMemcpyPeerAsync to", target.label) {
            device.functions.memcpyPeer(
                target.address + offset, target.context.raw, source.address + offset, source.context.raw, range.count,
                stream)
        }
    }

    private func launch(_ kernel: any BoundKernel, _ parameters: Parameters, tiles: Range<Int>) {
        guard let bound = kernel as? CUDABoundKernel else {
            preconditionFailure("a kernel of another backend was dispatched")
        }
        attempt("cuLaunchKernel of", bound.kernel.code.label) { bound.launch(parameters, tiles: tiles, on: stream) }
    }

    /// Between a buffer of the device and what the host sees of it, if these are two.
    private func copy(
        _ buffer: any Buffer, _ range: Range<Int>,
        _ copy: (_ own: weft_CUdeviceptr, _ seen: UnsafeMutableRawPointer) -> weft_CUresult
    ) {
        guard let buffer = buffer as? CUDABuffer else { preconditionFailure("a buffer of another backend was copied") }
        guard let seen = buffer.shadow, !range.isEmpty else { return }
        precondition(
            range.lowerBound >= 0 && range.upperBound <= buffer.byteCount, "copy past the end of \(buffer.label)")
        attempt("copy of", buffer.label) {
            copy(buffer.address + UInt64(range.lowerBound), seen + range.lowerBound)
        }
    }

    private func attempt(_ call: String, _ label: @autoclosure () -> String, _ body: () -> weft_CUresult) {
        guard failure == nil else { return }
        isEmpty = false
        let code = body()
        guard code != WEFT_CUDA_SUCCESS else { return }
        do throws(ComputeError) { try device.context.check(code, "\(call) \(label())") } catch { failure = error }
    }
}
