import HTTPTypes
import HummingbirdTesting
import Server
import Testing

@Suite struct LogTests {
    @Test("Fault 20: clients cannot write log lines")
    func clientsCannotWriteLogLines() async throws {
        let log = LogRecorder()
        let server = WeftServer(ScriptedGenerator(), configuration: .init(), logger: log.logger)
        let name = try #require(HTTPField.Name("x-request-id"))
        try await server.application.test(.router) { client in
            _ = try await client.executeRequest(
                uri: "/x\nforged\u{1b}[2J\u{2028}\u{202e}" + String(repeating: "y", count: 9000), method: .get,
                headers: [name: "one\ttwo"], body: nil)
        }
        let line = try #require(log.all.last { $0.contains("/x") })
        #expect(line.contains("404"))
        #expect(line.utf8.count < 500)
        #expect(!line.contains("one\ttwo"))
        #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0 == "\u{2028}" || $0 == "\u{202e}" })
    }
}
