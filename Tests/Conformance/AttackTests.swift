import Foundation
import Testing

/// The short form of `tools/attack`: a server of its own, which nothing may crash, stop or fool.
@Suite(.serialized)
struct AttackTests {
    @Test(.timeLimit(.minutes(10))) func nothingThatClientsDoStopsTheServer() throws {
        let tool = ServedTests.folder.deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("tools/attack").path
        let result = try CommandResult.of("python3", [tool, "--quick", "--weft", ServedProcess.binary()])
        print(result.output)
        #expect(result.status == 0, "\(result.output)")
    }
}
