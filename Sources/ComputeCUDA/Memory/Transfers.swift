import CCUDA
import Compute
import Synchronization

/// Copies bytes between the host and memory of the device, by way of two pieces of pinned memory that take turns: while
/// the device copies one, the host fills the other. One transfer at a time.
final class Transfers: Sendable {
    private let context: CUDAContext
    private let kept = Mutex<Staging?>(nil)

    /// Bytes of each piece. Chosen: long enough for the bus to be at its full speed, and little beside a model.
    private static let pieceBytes = 8 << 20

    /// What the first transfer makes.
    private final class Staging: Sendable {
        let stream: CUDAStream
        let pieces: [Piece]

        init(in context: CUDAContext) throws(ComputeError) {
            stream = try CUDAStream(.whole, in: context)
            pieces = [try Piece(stream, in: context), try Piece(stream, in: context)]
        }
    }

    private final class Piece: Sendable {
        let memory: PinnedMemory
        /// That the device is done with what was last copied.
        let done: Owned<Tag.Event>

        init(_ stream: CUDAStream, in context: CUDAContext) throws(ComputeError) {
            memory = try PinnedMemory(byteCount: pieceBytes, in: context)
            done = try stream.makeEvent()
        }
    }

    init(in context: CUDAContext) { self.context = context }

    /// Blocks until the bytes are there.
    func write(_ bytes: UnsafeRawBufferPointer, to address: weft_CUdeviceptr) throws(ComputeError) {
        guard let source = bytes.baseAddress else { return }
        let functions = context.functions
        try forEachPiece(bytes.count) { (piece, range, stream) throws(ComputeError) in
            try context.check(functions.eventSynchronize(piece.done.raw), "cuEventSynchronize")
            piece.memory.start.copyMemory(from: source + range.lowerBound, byteCount: range.count)
            let code = functions.memcpyHtoD(
                address + UInt64(range.lowerBound), piece.memory.start, range.count, stream)
            try context.check(code, "cuMemcpyHtoDAsync")
            try context.check(functions.eventRecord(piece.done.raw, stream), "cuEventRecord")
        }
    }

    func read(_ address: weft_CUdeviceptr, into bytes: UnsafeMutableRawBufferPointer) throws(ComputeError) {
        guard let target = bytes.baseAddress else { return }
        let functions = context.functions
        var last: (piece: Piece, range: Range<Int>)?
        func finish() throws(ComputeError) {
            guard let (piece, range) = last else { return }
            try context.check(functions.eventSynchronize(piece.done.raw), "cuEventSynchronize")
            (target + range.lowerBound).copyMemory(from: piece.memory.start, byteCount: range.count)
        }
        try forEachPiece(bytes.count) { (piece, range, stream) throws(ComputeError) in
            let code = functions.memcpyDtoH(
                piece.memory.start, address + UInt64(range.lowerBound), range.count, stream)
            try context.check(code, "cuMemcpyDtoHAsync")
            try context.check(functions.eventRecord(piece.done.raw, stream), "cuEventRecord")
            // The host takes what came before while the device copies this.
            try finish()
            last = (piece, range)
        } end: { () throws(ComputeError) in
            try finish()
        }
    }

    /// Cuts bytes into parts, each for the other piece, and waits for all.
    private func forEachPiece(
        _ byteCount: Int, _ copy: (Piece, Range<Int>, weft_CUstream) throws(ComputeError) -> Void,
        end: () throws(ComputeError) -> Void = {}
    ) throws(ComputeError) {
        try kept.withLock { (kept) throws(ComputeError) in
            let staging = if let kept { kept } else { try Staging(in: context) }
            kept = staging
            let stream = staging.stream.raw
            try context.enter()
            defer { context.leave() }
            do throws(ComputeError) {
                for (index, start) in stride(from: 0, to: byteCount, by: Self.pieceBytes).enumerated() {
                    try copy(staging.pieces[index % 2], start..<min(byteCount, start + Self.pieceBytes), stream)
                }
                try end()
            } catch {
                // The pieces are used again.
                _ = context.functions.streamSynchronize(stream)
                throw error
            }
            try context.check(context.functions.streamSynchronize(stream), "cuStreamSynchronize")
        }
    }
}
