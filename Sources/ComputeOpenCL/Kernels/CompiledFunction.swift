import COpenCL
package import Compute
import Glibc

/// A kernel as PoCL has compiled it, which threads call themselves.
///
/// The kernel says where its code stands (`TELL_PLACE` in the prelude); the library that this is in, which PoCL may
/// close, is kept open.
///
/// Beyond 128 libraries, PoCL 3.1 closes one without a kernel at work for each that it opens, and those that it made
/// for `ProgramCompiler.keep` count among the 128 for ever: after so many, a library is closed soon after its use.
/// Where threads compile side by side, the code of another kernel may stand at a place by the time that it is looked
/// up. So the kernel is asked once more when a library is held: it must still be in that one, which nobody closes any
/// more.
package final class CompiledFunction: @unchecked Sendable {
    private let library: UnsafeMutableRawPointer
    private let function: weft_pocl_group

    /// How often a kernel is looked for: chosen; the first try finds it unless others compile.
    private static let tries = 10

    /// - Parameters:
    ///   - entry: the name of the function in its library
    ///   - place: runs the kernel for an address in its code, 0 for none
    /// - Returns: `nil` where the function is not found there.
    package static func find(
        entry: String = "_pocl_kernel_entry_workgroup", at place: () throws(ComputeError) -> UInt
    ) throws(ComputeError) -> CompiledFunction? {
        for _ in 0..<tries {
            guard let held = CompiledFunction(entry, at: try place()) else { continue }
            if held.hasCode(at: try place()) { return held }
        }
        return nil
    }

    private init?(_ entry: String, at place: UInt) {
        guard let name = weft_library_of(UnsafeRawPointer(bitPattern: place)), let library = dlopen(name, RTLD_NOW)
        else { return nil }
        guard let symbol = dlsym(library, entry) else {
            dlclose(library)
            return nil
        }
        self.library = library
        function = unsafeBitCast(symbol, to: weft_pocl_group.self)
    }

    private func hasCode(at place: UInt) -> Bool {
        let function = unsafeBitCast(function, to: UnsafeRawPointer.self)
        return weft_share_library(function, UnsafeRawPointer(bitPattern: place)) != 0
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
