import COpenCL
import Compute
import Glibc

/// A kernel as PoCL has compiled it, which threads call themselves.
///
/// The kernel says where its code stands (`TELL_PLACE` in the prelude); the library that this is in, which PoCL may
/// close, is kept open.
final class CompiledFunction: @unchecked Sendable {
    private let library: UnsafeMutableRawPointer
    private let function: weft_pocl_group

    /// - Parameter place: in the kernel's code.
    /// - Returns: `nil` where no library with PoCL's entry point is found there.
    init?(at place: UInt) {
        guard let name = weft_library_of(UnsafeRawPointer(bitPattern: place)), let library = dlopen(name, RTLD_NOW)
        else { return nil }
        guard let symbol = dlsym(library, "_pocl_kernel_entry_workgroup") else {
            dlclose(library)
            return nil
        }
        self.library = library
        function = unsafeBitCast(symbol, to: weft_pocl_group.self)
    }

    deinit { dlclose(library) }

    /// Runs one group, the only one of its dispatch.
    ///
    /// - Parameters:
    ///   - buffers: addresses
    ///   - words: the parameters behind them; as many as `count`
    func call(_ buffers: UnsafeMutableBufferPointer<UInt>, _ words: InlineArray<32, UInt32>, count: Int) {
        var (words, context) = (words, weft_pocl_context())
        (context.num_groups, context.local_size, context.work_dim) = ((1, 1, 1), (1, 1, 1), 1)
        var nowhere: UInt = 0
        withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer?.self, capacity: buffers.count + count + 1) { list in
            withUnsafeMutableBytes(of: &words) { words in
                withUnsafeMutablePointer(to: &nowhere) { nowhere in
                    for index in buffers.indices {
                        list.initializeElement(
                            at: index, to: UnsafeMutableRawPointer(buffers.baseAddress?.advanced(by: index)))
                    }
                    for index in 0..<count {
                        list.initializeElement(
                            at: buffers.count + index, to: words.baseAddress?.advanced(by: 4 * index))
                    }
                    list.initializeElement(at: buffers.count + count, to: UnsafeMutableRawPointer(nowhere))
                    function(list.baseAddress, &context, 0, 0, 0)
                }
            }
        }
    }
}
