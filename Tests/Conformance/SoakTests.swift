import Foundation
import Testing

/// The short form of `tools/soak`: a server whose device fails again and again, and no token is wrong or lost.
@Suite(.serialized)
struct SoakTests {
    @Test(.timeLimit(.minutes(10))) func nothingIsLostWhenTheDeviceFails() throws {
        let tool = ServedTests.folder.deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("tools/soak").path
        let result = try CommandResult.of("python3", [tool, "--quick", "--weft", ServedProcess.binary()])
        print(result.output)
        if result.output.contains("SKIPPED") { return }
        #expect(result.status == 0, "\(result.output)")
    }
}
