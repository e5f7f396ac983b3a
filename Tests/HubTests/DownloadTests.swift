import Hub
import Quantities
import Testing

struct DownloadTests {
    private let file = RepositoryFile(path: "a.gguf", byteCount: 1000, sha256: String(repeating: "a", count: 64))

    private func head(_ status: Int, _ fields: [String: String] = [:]) -> AnswerHead {
        AnswerHead(status: status) { fields[$0] }
    }

    @Test func aRestIsAskedFor() {
        let version = Download.Version(byteCount: 1000, sha256: file.sha256, validator: "\"v\"")
        var download = Download(file, held: 400, of: version)
        #expect(download.begin() == .fetch(offset: 400, ifRange: "\"v\"", after: 0))
        let part = ["Content-Range": "bytes 400-999/1000", "ETag": "\"v\""]
        #expect(download.answered(head(206, part)) == .take(offset: 400))
        #expect(download.took(500) == nil)
        #expect(download.ended(brokenBy: "reset") == .fetch(offset: 900, ifRange: "\"v\"", after: 1))
        #expect(
            download.answered(head(206, ["Content-Range": "bytes 900-999/1000", "ETag": "\"v\""])) == .take(offset: 900)
        )
        #expect(download.took(100) == nil)
        #expect(download.ended(brokenBy: nil) == .check)
        #expect(download.checked(sha256: file.sha256 ?? "") == .finish)
    }

    @Test func whatIsOfAnotherContentIsNotGoneOnWith() {
        let other = Download.Version(byteCount: 1000, sha256: String(repeating: "b", count: 64))
        #expect(Download(file, held: 400, of: other).begin() == .fetch(offset: 0, ifRange: nil, after: 0))
        #expect(Download(file, held: 400).begin() == .fetch(offset: 0, ifRange: nil, after: 0))
        let mine = Download.Version(byteCount: 1000, sha256: file.sha256)
        #expect(Download(file, held: 1001, of: mine).begin() == .fetch(offset: 0, ifRange: nil, after: 0))
        #expect(Download(file, held: 1000, of: mine).begin() == .check)
    }

    @Test func anotherETagStartsOver() {
        let version = Download.Version(byteCount: 1000, sha256: file.sha256, tag: file.sha256)
        var download = Download(file, held: 400, of: version)
        let linked = String(repeating: "c", count: 64)
        #expect(download.redirected(head(302, ["X-Linked-Etag": "\"\(linked)\"", "X-Linked-Size": "700"])) == 0)
        #expect(download.version == Download.Version(byteCount: 700, sha256: linked, tag: linked))
        #expect(download.answered(head(200, ["Content-Length": "700"])) == .take(offset: 0))
        #expect(download.took(700) == nil)
        #expect(download.ended(brokenBy: nil) == .check)
        #expect(download.checked(sha256: linked) == .finish)
    }

    @Test func aWrongPartStartsOver() {
        for field in ["bytes 300-999/1000", "bytes 400-999/2000", "bytes 400", "items 400-999/1000", "bytes 9-1/2"] {
            var download = Download(file, held: 400, of: Download.Version(byteCount: 1000, sha256: file.sha256))
            let answer = download.answered(head(206, ["Content-Range": field]))
            #expect(answer == .instead(.fetch(offset: 0, ifRange: nil, after: 0)), "\(field)")
        }
    }

    @Test func faultsEndIt() {
        var download = Download(file)
        #expect(download.answered(head(404)) == .instead(.fail(.notFound("a.gguf"))))
        #expect(download.answered(head(401)) == .instead(.fail(.unauthorised("a.gguf", hasToken: false))))
        #expect(download.answered(head(403)) == .instead(.fail(.forbidden("a.gguf", terms: nil))))
        #expect(download.answered(head(418)) == .instead(.fail(.refused(what: "a.gguf", status: 418))))
        let short = download.answered(head(200, ["Content-Length": "900"]))
        #expect(short == .instead(.fail(.wrongSize(file: "a.gguf", expected: 1000, found: 900))))
        #expect(download.answered(head(200)) == .take(offset: 0))
        #expect(download.took(1001) == .wrongSize(file: "a.gguf", expected: 1000, found: 1001))
        let long = download.answered(head(429, ["Retry-After": "3600"]))
        #expect(long == .instead(.fail(.tooManyRequests(retryAfter: 3600))))
    }

    @Test func waitsGrowAndEnd() {
        var download = Download(file)
        var waits: [Double] = []
        while case .instead(.fetch(_, _, let seconds)) = download.answered(head(503)) { waits.append(seconds) }
        #expect(waits == [1, 2, 4, 8, 16])
        var other = Download(file)
        #expect(other.answered(head(429, ["Retry-After": "7"])) == .instead(.fetch(offset: 0, ifRange: nil, after: 7)))
    }

    @Test func aWrongHashIsTheEarlierBytesFaultOnce() {
        let version = Download.Version(byteCount: 1000, sha256: file.sha256)
        var download = Download(file, held: 1000, of: version)
        #expect(download.begin() == .check)
        #expect(download.checked(sha256: "x") == .fetch(offset: 0, ifRange: nil, after: 0))
        #expect(download.answered(head(200, ["Content-Length": "1000"])) == .take(offset: 0))
        #expect(download.took(1000) == nil)
        #expect(download.ended(brokenBy: nil) == .check)
        let error = HubError.wrongHash(file: "a.gguf", expected: file.sha256 ?? "", found: "x")
        #expect(download.checked(sha256: "x") == .fail(error))
    }

    /// A server that changes its file, cuts, refuses and mistakes ranges at random: what is finished is a whole content
    /// that the server had, and every history ends, most of them well.
    @Test func randomHistoriesEnd() {
        let ends = (UInt64(0)..<400).compactMap { seed -> History.End? in
            var history = History(seed: seed)
            return history.end()
        }
        #expect(ends.count == 400, "each ends")
        #expect(ends.allSatisfy { $0 != .wrong })
        #expect(ends.count { $0 == .right } > 250)
    }
}

/// The fetching of a file of a server that is not to be relied on.
private struct History {
    enum End {
        case right, wrong, failed
    }

    private var random: SplitMix64
    private let changes: Int
    /// The server says what the content is before it gives it.
    private let hasTags: Bool
    private var current = 0
    private var bytes: [UInt8] = []
    private var download: Download

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        changes = Int.random(in: 0...2, using: &random)
        hasTags = Bool.random(using: &random)
        // A changed content that is not named must not have the listed hash.
        let hash = hasTags && Bool.random(using: &random) ? ScriptedHub.hash(Self.content(0)) : nil
        download = Download(RepositoryFile(path: "a", sha256: hash))
        self.random = random
    }

    private static func content(_ number: Int) -> [UInt8] {
        ScriptedHub.bytes(50 + 10 * number, seed: UInt64(number))
    }

    /// - Returns: `nil` where there is no end in sight.
    mutating func end() -> End? {
        var step = download.begin()
        for _ in 0..<2000 {
            switch step {
            case .fail: return .failed
            case .finish: return (0...changes).map(Self.content).contains(bytes) ? .right : .wrong
            case .check: step = download.checked(sha256: ScriptedHub.hash(bytes))
            case .fetch(let offset, let ifRange, _): step = request(offset, ifRange)
            }
        }
        return nil
    }

    private mutating func request(_ offset: Int, _ ifRange: String?) -> Download.Step {
        if current < changes, Int.random(in: 0..<4, using: &random) == 0 { current += 1 }
        let (file, etag) = (Self.content(current), "\"\(current)\"")
        var from = offset
        if hasTags {
            var redirect = AnswerHead(status: 302)
            (redirect.linkedETag, redirect.linkedSize) = (ScriptedHub.hash(file), file.count)
            from = download.redirected(redirect)
        }
        let isPart = from > 0 && from < file.count && (ifRange ?? etag) == etag
        var head = AnswerHead(status: isPart ? 206 : from >= file.count && ifRange == nil ? 416 : 200)
        if Int.random(in: 0..<8, using: &random) == 0 { head.status = 502 }
        head.etag = etag
        head.contentLength = isPart ? file.count - from : file.count
        if isPart { head.range = AnswerHead.Range(start: from, total: file.count) }
        switch download.answered(head) {
        case .instead(let next): return next
        case .take(let start):
            bytes.removeSubrange(start...)
            let rest = file[start...]
            let count = Int.random(in: 0...rest.count, using: &random)
            bytes += rest.prefix(count)
            if let error = download.took(count) { return .fail(error) }
            return download.ended(brokenBy: count < rest.count ? "cut" : nil)
        }
    }
}
