import Foundation
import Testing

/// The built `weft`, serving on a free port of this machine, with the validation layer on.
final class ServedProcess {
    private let process = Process()
    private let log: URL
    let port: Int

    /// Starts the server and waits until it listens; models may still load.
    ///
    /// - Parameter device: `nil` for those of the configuration.
    init(config: String, device: String?) throws {
        log = FileManager.default.temporaryDirectory.appendingPathComponent("weft-\(UUID().uuidString).log")
        try Data().write(to: log)
        let output = try FileHandle(forWritingTo: log)
        process.executableURL = URL(fileURLWithPath: try Self.binary())
        process.arguments = ["serve", config, "--port", "0"] + (device.map { ["--device", $0] } ?? [])
        process.environment = ProcessInfo.processInfo.environment.merging(["WEFT_VALIDATION": "1"]) { $1 }
        process.standardError = output
        process.standardOutput = output
        try process.run()
        port = try Self.waitForPort(in: log, of: process)
    }

    static func binary() throws -> String {
        try #require(
            ProcessInfo.processInfo.environment["WEFT_BINARY"], "WEFT_BINARY names the built weft; tools/test sets it")
    }

    private static func waitForPort(in log: URL, of process: Process) throws -> Int {
        for _ in 0..<600 {
            let text = try String(contentsOf: log, encoding: .utf8)
            if let match = text.firstMatch(of: #/url=http://127.0.0.1:(\d+)/#), let port = Int(match.1) { return port }
            try #require(process.isRunning, "weft serve ended: \(text)")
            Thread.sleep(forTimeInterval: 0.1)
        }
        Issue.record("weft serve does not listen after a minute")
        return 0
    }

    var logText: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// Sends SIGHUP.
    func hangUp() { kill(process.processIdentifier, SIGHUP) }

    /// Asks the server to end; an exit status other than 0, as after a validation message, fails the test.
    func stop() {
        if process.isRunning { process.terminate() }
        expectEnd()
    }

    /// Waits until the server has ended, and expects that all went well.
    func expectEnd() {
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(logText)")
        try? FileManager.default.removeItem(at: log)
    }
}

/// What a command printed, and how it ended.
struct CommandResult {
    var status: Int32
    var output: String

    /// Runs a program to its end, its error output joined to what it prints.
    static func of(_ program: String, _ arguments: [String], joinsErrors: Bool = true) throws -> CommandResult {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        if joinsErrors { process.standardError = pipe }
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return CommandResult(status: process.terminationStatus, output: String(decoding: data, as: UTF8.self))
    }
}
