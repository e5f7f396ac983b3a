import Compute
import ComputeOpenCL
import Glibc
import Testing

/// Libraries of C stand for those that PoCL makes of kernels.
struct CompiledFunctionTests {
    private static let mathematics = place(of: "cbrt"), others = place(of: "getpid")

    private static func place(of function: String) -> UInt {
        UInt(bitPattern: dlsym(UnsafeMutableRawPointer(bitPattern: 0), function))
    }

    /// - Returns: whether `cbrt` is found where a kernel stands at `places`, one after the other, and how many of them
    ///   were asked for.
    private func find(_ places: [UInt]) throws -> (isFound: Bool, asked: Int) {
        var asked = 0
        let found = try CompiledFunction.find(entry: "cbrt") {
            asked += 1
            return places[(asked - 1) % places.count]
        }
        return (found != nil, asked)
    }

    @Test func aKernelIsAskedAgainWhenItsLibraryIsHeld() throws {
        #expect(try find([Self.mathematics]) == (true, 2))
    }

    /// As when the driver closed the kernel's library before it was held, and had another's there.
    @Test func anotherKernelsLibraryIsNotTaken() throws {
        #expect(try find([Self.mathematics, Self.others, Self.mathematics, Self.mathematics]) == (true, 4))
        #expect(try find([Self.mathematics, Self.others]).isFound == false)
    }

    @Test func whatIsInNoLibraryIsNotFound() throws {
        #expect(try find([0]).isFound == false)
        #expect(try find([Self.others]).isFound == false)
    }
}
