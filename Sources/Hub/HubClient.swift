import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// Speaks to a hub, and to the places that it sends one to for large files.
///
/// The token goes to the hub alone: who is elsewhere gets an address that is good for one file.
struct HubClient: Sendable {
    let base: URL
    let token: String?
    private let http: HTTPClient

    /// As many as browsers follow.
    private static let mostRedirects = 20
    /// Chosen: pages have a thousand entries, and no repository as many pages.
    private static let mostPages = 100
    private static let mostListBytes = 32 << 20

    /// Runs `body` with a client, whose connections are closed behind it.
    ///
    /// - Throws: `HubError.badAddress`, and what `body` throws.
    static func with<Result>(
        base: String, token: String?, patience: Duration, _ body: (HubClient) async throws -> Result
    ) async throws -> Result {
        guard let url = URL(string: base), ["http", "https"].contains(url.scheme), url.host()?.isEmpty == false,
            url.query() == nil, url.fragment() == nil
        else { throw HubError.badAddress(base.harmless) }
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        configuration.timeout.connect = .seconds(10)
        // Whether and when to try again is for a `Download` to say.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.read = .nanoseconds(Int64(patience / .nanoseconds(1)))
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let result = try await body(HubClient(base: url, token: token, http: http))
            try await http.shutdown()
            return result
        } catch {
            try await http.shutdown()
            throw error
        }
    }

    private init(base: URL, token: String?, http: HTTPClient) {
        (self.base, self.token, self.http) = (base, token, http)
    }

    /// All files of a repository at a revision.
    ///
    /// - Throws: `HubError`.
    func files(of repository: String, at revision: String) async throws(HubError) -> [RepositoryFile] {
        let path = "/api/models/\(repository)"
        var files: [RepositoryFile] = []
        var next: URL? = try address("\(path)/tree/\(Self.escaped(revision, keepsSlashes: false))?recursive=true")
        for _ in 0..<Self.mostPages {
            guard let url = next else { return files }
            let (head, link, body) = try await list(url)
            if head.status == 404 || head.status == 405, files.isEmpty {
                return try await siblings(repository, revision)
            }
            try check(head, repository)
            guard let page = RepositoryFile.tree(body) else {
                throw .unexpected(url: Self.shown(url), reason: "the answer is no list of files")
            }
            files += page
            next = link.flatMap { Self.next(in: $0, after: url) }.flatMap { isBase($0) ? $0 : nil }
        }
        return files
    }

    /// The other way to ask, of hubs that have no trees. A missing repository has neither.
    private func siblings(_ repository: String, _ revision: String) async throws(HubError) -> [RepositoryFile] {
        let at = revision == "main" ? "" : "/revision/\(Self.escaped(revision, keepsSlashes: false))"
        let url = try address("/api/models/\(repository)\(at)?blobs=true")
        let (head, _, body) = try await list(url)
        if head.status == 404, revision != "main" { throw .notFound("\(repository) at \(revision.harmless)") }
        try check(head, repository)
        guard let files = RepositoryFile.siblings(body) else {
            throw .unexpected(url: Self.shown(url), reason: "the answer is no list of files")
        }
        return files
    }

    private func check(_ head: AnswerHead, _ repository: String) throws(HubError) {
        switch head.status {
        case 200: return
        case 401: throw .unauthorised(repository, hasToken: token != nil)
        case 403: throw .forbidden(repository, terms: "\(Self.shown(base))/\(repository)")
        case 404: throw .notFound(repository)
        case 429: throw .tooManyRequests(retryAfter: head.retryAfter)
        default: throw .refused(what: repository, status: head.status)
        }
    }

    private func list(_ url: URL) async throws(HubError) -> (head: AnswerHead, link: String?, body: Data) {
        do {
            let response = try await http.execute(request(url), deadline: .now() + .seconds(60))
            let body = try await response.body.collect(upTo: Self.mostListBytes)
            return (Self.head(response), response.headers.first(name: "Link"), Data(body.readableBytesView))
        } catch { throw .unreachable(url: Self.shown(url), reason: Self.reason(error)) }
    }

    /// Where a file is.
    func address(of file: RepositoryFile, in repository: String, at revision: String) throws(HubError) -> URL {
        try address(
            "/\(repository)/resolve/\(Self.escaped(revision, keepsSlashes: false))/\(Self.escaped(file.path))")
    }

    /// Asks for a file, and follows where the hub leads.
    ///
    /// - Parameter redirected: told of each head that leads elsewhere; says from where on to ask there.
    /// - Throws: what broke the connection; `HubError` of a place that nobody should follow to.
    func open(
        _ url: URL, from offset: Int, ifRange: String?, redirected: (AnswerHead) -> Int
    ) async throws -> (head: AnswerHead, body: HTTPClientResponse.Body) {
        var (url, offset) = (url, offset)
        for _ in 0..<Self.mostRedirects {
            var request = request(url)
            if offset > 0 {
                request.headers.add(name: "Range", value: "bytes=\(offset)-")
                if let ifRange { request.headers.add(name: "If-Range", value: ifRange) }
            }
            // Of the body nothing is waited for here: only the head has a deadline.
            let response = try await http.execute(request, deadline: .distantFuture)
            let head = Self.head(response)
            guard head.isRedirect else { return (head, response.body) }
            guard let next = head.location.flatMap({ URL(string: $0, relativeTo: url) })?.absoluteURL,
                ["http", "https"].contains(next.scheme), next.host() != nil,
                next.scheme == "https" || url.scheme == "http"
            else { throw HubError.unexpected(url: Self.shown(url), reason: "it leads to no address to follow to") }
            offset = redirected(head)
            url = next
        }
        throw HubError.unexpected(url: Self.shown(url), reason: "it leads on and on")
    }

    private func request(_ url: URL) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url.absoluteString)
        request.headers.add(name: "User-Agent", value: "weft")
        if let token, isBase(url) { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        return request
    }

    /// Whether an address is at the hub itself.
    private func isBase(_ url: URL) -> Bool {
        func port(_ url: URL) -> Int { url.port ?? (url.scheme == "https" ? 443 : 80) }
        return url.scheme == base.scheme && url.host()?.lowercased() == base.host()?.lowercased()
            && port(url) == port(base)
    }

    private func address(_ path: String) throws(HubError) -> URL {
        let start = base.absoluteString
        guard let url = URL(string: (start.hasSuffix("/") ? String(start.dropLast()) : start) + path) else {
            throw .badAddress((start + path).harmless)
        }
        return url
    }

    private static func escaped(_ text: String, keepsSlashes: Bool = true) -> String {
        var allowed = CharacterSet(charactersIn: "-._~")
        allowed.formUnion(.init(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"))
        if keepsSlashes { allowed.insert("/") }
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }

    /// The address of the next page. Source: RFC 8288.
    private static func next(in link: String, after url: URL) -> URL? {
        for part in link.split(separator: ",") where part.contains("rel=\"next\"") {
            guard let match = part.firstMatch(of: #/<([^>]*)>/#) else { continue }
            return URL(string: String(match.1), relativeTo: url)?.absoluteURL
        }
        return nil
    }

    private static func head(_ response: HTTPClientResponse) -> AnswerHead {
        AnswerHead(status: Int(response.status.code)) { response.headers.first(name: $0) }
    }

    /// Without what may be secret in it.
    private static func shown(_ url: URL) -> String {
        let place = (url.host() ?? "") + (url.port.map { ":\($0)" } ?? "") + url.path()
        return "\(url.scheme ?? "http")://\(place)".harmless
    }

    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { reason($0.error) } ?? "no address of \(error.host) answers"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)".harmless
        }
    }
}
