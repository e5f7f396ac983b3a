import Crypto
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Quantities
import Synchronization

/// A hub on two ports of its own, as Hugging Face's is on two hosts: one lists repositories and leads to files, one has
/// the files. How it misbehaves follows a script.
final class ScriptedHub: Sendable {
    struct Script: Sendable {
        /// Answers are cut at random places in their first third, so many times in all.
        var cuts = 0
        /// Statuses of the first answers of the place with the files.
        var statuses: [HTTPResponse.Status] = []
        /// Files that are listed with another hash than they have.
        var wrongHashes: Set<String> = []
        /// The listing has these names as well.
        var otherNames: [String] = []
        var token: String?
        /// The hub gives files itself, with nothing but an etag.
        var isPlain = false
        /// Knows no trees.
        var hasTrees = true
        var takesRanges = true
        /// The status of the hub's list.
        var listing = HTTPResponse.Status.ok
    }

    struct Asked: Sendable, Hashable {
        var place: String
        var range: String?
        var authorization: String?
        var ifRange: String?
    }

    private struct State {
        var files: [String: [UInt8]]
        var script: Script
        var asked: [Asked] = []
        var random = SplitMix64(seed: 7)
    }

    static let repository = "lab/tiny-GGUF"
    private let state: Mutex<State>

    init(_ files: [String: [UInt8]], _ script: Script = Script()) {
        state = Mutex(State(files: files, script: script))
    }

    /// Requests for files, in order.
    var asked: [Asked] { state.withLock { $0.asked } }
    func change(_ path: String, to bytes: [UInt8]) { state.withLock { $0.files[path] = bytes } }
    func change(_ body: (inout Script) -> Void) { state.withLock { body(&$0.script) } }

    /// Runs `body` with the hub's address while it listens.
    func run<Result: Sendable>(_ body: @escaping @Sendable (String) async throws -> Result) async throws -> Result {
        try await Self.serving(store()) { store in
            try await Self.serving(self.hub(store: store)) { hub in try await body("http://127.0.0.1:\(hub)") }
        }
    }

    private static func serving<Result: Sendable>(
        _ router: Router<BasicRequestContext>, _ body: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let (ports, running) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { running.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "hub") { _ in SwiftLogNoOpLogHandler() })
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            var iterator = ports.makeAsyncIterator()
            let result = try await body(await iterator.next() ?? 0)
            group.cancelAll()
            return result
        }
    }

    private func hub(store: Int) -> Router<BasicRequestContext> {
        let router = Router()
        router.get("api/models/lab/tiny-GGUF/tree/main") { request, _ in
            let (files, script) = self.state.withLock { ($0.files, $0.script) }
            guard script.hasTrees else { return Response(status: .notFound) }
            if let refusal = Self.refusal(request, script) { return refusal }
            var entries = files.map { path, bytes in
                let hash = script.wrongHashes.contains(path) ? Self.hash([0]) : Self.hash(bytes)
                return #"{"type": "file", "path": "\#(path)", "size": \#(bytes.count), "oid": "git", "#
                    + #""lfs": {"oid": "\#(hash)", "size": \#(bytes.count), "pointerSize": 130}}"#
            }
            entries += script.otherNames.map { #"{"type": "file", "path": "\#($0)", "size": 3, "oid": "git"}"# }
            entries.append(#"{"type": "directory", "path": "folder", "size": 0, "oid": "git"}"#)
            // The second page has the last entries.
            let isSecond = request.uri.queryParameters["cursor"] != nil
            let page = isSecond ? entries.dropFirst(2) : entries.prefix(2)
            var response = Self.json("[\(page.joined(separator: ","))]")
            if !isSecond, let name = HTTPField.Name("Link") {
                response.headers[name] = #"</api/models/lab/tiny-GGUF/tree/main?cursor=2>; rel="next""#
            }
            return response
        }
        router.get("api/models/lab/tiny-GGUF") { request, _ in
            let (files, script) = self.state.withLock { ($0.files, $0.script) }
            if let refusal = Self.refusal(request, script) { return refusal }
            let names = files.keys.map { #"{"rfilename": "\#($0)"}"# }.joined(separator: ",")
            return Self.json(#"{"siblings": [\#(names)]}"#)
        }
        router.get("lab/tiny-GGUF/resolve/main/**") { request, context in
            let path = context.parameters.getCatchAll().joined(separator: "/")
            let (bytes, script) = self.state.withLock { ($0.files[path], $0.script) }
            if let refusal = Self.refusal(request, script) { return refusal }
            guard let bytes else { return Response(status: .notFound) }
            self.note("hub", request)
            guard !script.isPlain else { return self.give(bytes, request, etag: "\"\(Self.hash(bytes).prefix(8))\"") }
            var headers: HTTPFields = [.location: "http://127.0.0.1:\(store)/store/\(path)?signature=secret"]
            headers[Self.linkedETag] = "\"\(Self.hash(bytes))\""
            headers[Self.linkedSize] = "\(bytes.count)"
            return Response(status: .found, headers: headers)
        }
        return router
    }

    private func store() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("store/**") { request, context in
            self.note("store", request)
            let path = context.parameters.getCatchAll().joined(separator: "/")
            guard let bytes = self.state.withLock({ $0.files[path] }) else { return Response(status: .notFound) }
            return self.give(bytes, request, etag: "\"store\"")
        }
        return router
    }

    private func note(_ place: String, _ request: Request) {
        let asked = Asked(
            place: place, range: request.headers[.range], authorization: request.headers[.authorization],
            ifRange: request.headers[.ifRange])
        state.withLock { $0.asked.append(asked) }
    }

    private static func refusal(_ request: Request, _ script: Script) -> Response? {
        if let token = script.token, request.headers[.authorization] != "Bearer \(token)" {
            return Response(status: .unauthorized)
        }
        return script.listing == .ok ? nil : Response(status: script.listing)
    }

    private func give(_ bytes: [UInt8], _ request: Request, etag: String) -> Response {
        let (status, part): (HTTPResponse.Status?, Double?) = state.withLock { state in
            if !state.script.statuses.isEmpty { return (state.script.statuses.removeFirst(), nil) }
            guard state.script.cuts > 0 else { return (nil, nil) }
            state.script.cuts -= 1
            return (nil, Double.random(in: 0..<0.3, using: &state.random))
        }
        if let status { return Response(status: status) }
        var (start, headers): (Int, HTTPFields) = (0, [.eTag: etag])
        let isSame = request.headers[.ifRange].map { $0 == etag } ?? true
        let ranges = state.withLock { $0.script.takesRanges }
        if ranges, isSame, let range = request.headers[.range], let from = Int(range.dropFirst(6).dropLast()) {
            guard from < bytes.count else { return Response(status: .rangeNotSatisfiable) }
            start = from
            headers[.contentRange] = "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"
        }
        let rest = bytes[start...]
        let body = ResponseBody(contentLength: rest.count) { writer in
            try await writer.write(ByteBuffer(bytes: rest.prefix(Int((part ?? 1) * Double(rest.count)))))
            if part != nil { throw Cut() }
            try await writer.finish(nil)
        }
        return Response(status: start > 0 ? .partialContent : .ok, headers: headers, body: body)
    }

    private struct Cut: Error {}

    private static let linkedETag = HTTPField.Name("X-Linked-Etag")!
    private static let linkedSize = HTTPField.Name("X-Linked-Size")!

    private static func json(_ text: String) -> Response {
        Response(status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: .init(string: text)))
    }

    static func hash(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Bytes that look like no others.
    static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in .random(in: .min ... .max, using: &random) }
    }
}
