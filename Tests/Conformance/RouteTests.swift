import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// Two real servers behind a real router: what is killed, and what becomes of the requests.
@Suite(.serialized)
struct RouteTests {
    private static let model = "smollm2-135m-q4_1"
    private static let secret = "a-secret-for-this-test"

    /// A `weft` that runs, and its log.
    private final class Program: Sendable {
        private let process: Process
        private let log: URL

        init(_ arguments: [String]) throws {
            log = FileManager.default.temporaryDirectory.appending(path: "weft-route-\(UUID().uuidString).log")
            try Data().write(to: log)
            process = Process()
            process.executableURL = URL(filePath: try ServedProcess.binary())
            process.arguments = arguments
            process.environment = ProcessInfo.processInfo.environment.merging(
                ["WEFT_ROUTE_SECRET": RouteTests.secret]
            ) { $1 }
            let output = try FileHandle(forWritingTo: log)
            process.standardError = output
            process.standardOutput = output
            try process.run()
        }

        deinit {
            kill()
            try? FileManager.default.removeItem(at: log)
        }

        var logText: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

        /// As a crash would.
        func kill() {
            if process.isRunning { _ = Foundation.kill(process.processIdentifier, SIGKILL) }
            process.waitUntilExit()
        }

        func port() async throws -> Int {
            try await RouteTests.waiting("a port") {
                if !process.isRunning { throw TimedOut(what: "weft ended: \(logText)") }
                return logText.firstMatch(of: #/url=http://127.0.0.1:(\d+)/#).flatMap { Int($0.1) }
            }
        }
    }

    private struct TimedOut: Error { var what: String }

    private static func waiting<Value>(_ what: String, _ found: () async throws -> Value?) async throws -> Value {
        let deadline = ContinuousClock.now + .seconds(180)
        while ContinuousClock.now < deadline {
            if let value = try await found() { return value }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw TimedOut(what: what)
    }

    private static func status(_ port: Int, _ path: String) async -> Int? {
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        return try? await Int(HTTPClient.shared.execute(request, timeout: .seconds(5)).status.code)
    }

    /// How many workers the router has that are ready.
    private static func readyWorkers(_ port: Int) async throws -> Int {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/registry")
        request.headers = ["authorization": "Bearer \(secret)"]
        guard let response = try? await HTTPClient.shared.execute(request, timeout: .seconds(5)) else { return 0 }
        let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
        return text.components(separatedBy: "\"state\":\"ready\"").count - 1
    }

    private struct Streamed {
        var worker: String
        var text: String
    }

    /// A greedy completion as a stream; `onText` is called when its first text came.
    private static func stream(
        _ port: Int, _ prompt: String, onText: @Sendable (_ worker: String) -> Void = { _ in }
    ) async throws -> Streamed {
        struct Chunk: Decodable {
            struct Choice: Decodable { var text: String }
            var choices: [Choice]
        }
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/v1/completions")
        request.method = .POST
        request.body = .bytes(
            ByteBuffer(
                string: #"{"model": "\#(model)", "prompt": "\#(prompt)", "max_tokens": 48, "temperature": 0, "#
                    + #""ignore_eos": true, "stream": true}"#))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let worker = response.headers.first(name: "x-weft-worker") ?? ""
        var (body, told) = ("", false)
        for try await bytes in response.body {
            body += String(buffer: bytes)
            if !told, body.contains("\"text\"") {
                told = true
                onText(worker)
            }
        }
        #expect(response.status == .ok && body.hasSuffix("data: [DONE]\n\n"), "\(body.suffix(300))")
        let events = body.components(separatedBy: "\n\n").filter { $0.hasPrefix("data: {") }
        let texts = try events.map { event in
            try JSONDecoder().decode(Chunk.self, from: Data(event.dropFirst(6).utf8)).choices.map(\.text).joined()
        }
        return Streamed(worker: worker, text: texts.joined())
    }

    private static func whole(_ port: Int, _ prompt: String) async throws -> Int {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/v1/completions")
        request.method = .POST
        request.body = .bytes(
            ByteBuffer(string: #"{"model": "\#(model)", "prompt": "\#(prompt)", "max_tokens": 8}"#))
        return Int(try await HTTPClient.shared.execute(request, timeout: .seconds(60)).status.code)
    }

    @Test func whatIsKilledLosesNoRequestThatCanBeHadAgain() async throws {
        let router = try Program(["route", "--port", "0"])
        let port = try await router.port()
        let announced = ["--announce", "http://127.0.0.1:\(port)", "--port", "0", "--device", "opencl:pthread"]
        let workers = try (0..<2).map { _ in try Program(["serve", Self.model] + announced) }
        var byAddress: [String: Program] = [:]
        for worker in workers { byAddress["127.0.0.1:\(try await worker.port())"] = worker }
        _ = try await Self.waiting("two workers") { try await Self.readyWorkers(port) == 2 ? true : nil }
        #expect(await Self.status(port, "/ready") == 200)

        let prompts = ["The capital of France is", "Once upon a time", "Water boils at", "My favourite colour is"]
        var alone: [String] = []
        for prompt in prompts { alone.append(try await Self.stream(port, prompt).text) }
        #expect(alone.allSatisfy { !$0.isEmpty })

        // The worker of the first text that comes is killed, under load.
        let (firsts, first) = AsyncStream.makeStream(of: String.self)
        let streams = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for (index, prompt) in prompts.enumerated() {
                group.addTask { (index, try await Self.stream(port, prompt) { first.yield($0) }.text) }
            }
            for prompt in prompts {
                group.addTask {
                    let status = try await Self.whole(port, prompt)
                    #expect(status == 200)
                    return (-1, "")
                }
            }
            for await worker in firsts {
                let victim = try #require(byAddress[worker], "\(worker) is none of \(byAddress.keys)")
                victim.kill()
                break
            }
            return try await group.reduce(into: [String](repeating: "", count: prompts.count)) { texts, answer in
                if answer.0 >= 0 { texts[answer.0] = answer.1 }
            }
        }
        #expect(streams == alone)
        #expect(router.logText.contains("stream goes on elsewhere"), "\(router.logText)")

        // The router knows all again from its workers.
        router.kill()
        let start = ContinuousClock.now
        let other = try Program(["route", "--port", "\(port)"])
        _ = try await Self.waiting("a worker") { try await Self.readyWorkers(port) == 1 ? true : nil }
        print("full service \(ContinuousClock.now - start) after the router was started again")
        #expect(try await Self.stream(port, prompts[0]).text == alone[0], "\(other.logText)")
    }

    @Test(arguments: [
        (["route", "--host", "0.0.0.0", "--port", "0"], "host: 0.0.0.0 can be reached from other machines"),
        (["route", "--worker", "nowhere"], "--worker nowhere: is no URL of a server"),
        (["route", "--secret", "/nowhere"], "/nowhere"),
        (["serve", "x", "--announce", "10.0.0.1"], "--announce 10.0.0.1: is no URL of a router"),
    ])
    func faultsAreOneClearLine(_ arguments: [String], _ message: String) throws {
        let result = try CommandResult.of(ServedProcess.binary(), arguments)
        #expect(result.status != 0)
        #expect(result.output.contains(message), "\(result.output)")
    }
}
