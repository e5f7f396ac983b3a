/// The fetching of one file as a value: what has come, and what is to be done next.
///
/// Whoever drives it sends the requests and writes the bytes:
///
/// ```swift
/// var download = Download(file, held: 1000, of: version)
/// download.begin()                        // fetch(offset: 1000, …)
/// download.answered(head)                 // take(offset: 1000), or another step
/// download.took(500)                      // for each piece; nil while all is well
/// download.ended(brokenBy: "reset")       // fetch(offset: 1500, …, after: 1)
/// download.checked(sha256: digest)        // finish
/// ```
package struct Download: Sendable {
    /// What tells one content of a file from another that it had or will have.
    package struct Version: Sendable, Hashable, Codable {
        package var byteCount: Int?
        package var sha256: String?
        /// The hub's own name of the content.
        package var tag: String?
        /// The etag of the bytes themselves, where there is no tag.
        package var validator: String?

        package init(byteCount: Int? = nil, sha256: String? = nil, tag: String? = nil, validator: String? = nil) {
            self.byteCount = byteCount
            self.sha256 = sha256
            self.tag = tag
            self.validator = validator
        }
    }

    package enum Step: Sendable, Hashable {
        /// Ask for the bytes from `offset` on in so many seconds, or for all if the file is no longer `ifRange`.
        case fetch(offset: Int, ifRange: String?, after: Double)
        /// All bytes are there: find their SHA-256.
        case check
        /// The file is right, as far as anyone said what it is.
        case finish
        case fail(HubError)
    }

    package enum Answer: Sendable, Hashable {
        /// What follows stands at this offset; at 0 what was there goes.
        case take(offset: Int)
        case instead(Step)
    }

    package let file: RepositoryFile
    package private(set) var version: Version
    /// Bytes that are there.
    package private(set) var held: Int
    /// Some of them came before this download began, so that a wrong hash may be theirs.
    private var isResumed: Bool
    /// Requests in a row that brought nothing.
    private var failures = 0
    private var restarts = 0
    private let hasToken: Bool

    /// Chosen: with the waits between them, a minute in which a server may start anew.
    private static let mostFailures = 6
    private static let mostRestarts = 3
    /// Seconds before the second request, doubled before each further one.
    private static let firstWait = 1.0
    /// Nobody waits longer for a server that asks for it.
    private static let longestWait = 120.0

    /// - Parameters:
    ///   - held: bytes that are there from before, of the content `version`.
    ///   - hasToken: for errors: whether the server was told who asks.
    package init(_ file: RepositoryFile, held: Int = 0, of version: Version? = nil, hasToken: Bool = false) {
        self.file = file
        self.hasToken = hasToken
        let listed = Version(byteCount: file.byteCount, sha256: file.sha256)
        self.version = listed
        self.held = 0
        isResumed = false
        guard let version, held > 0, !listed.contradicts(version), held <= version.byteCount ?? .max else { return }
        self.version = version.completed(by: listed)
        self.held = held
        isResumed = true
    }

    package func begin() -> Step { held > 0 && held == version.byteCount ? .check : fetch(after: 0) }

    private func fetch(after seconds: Double) -> Step {
        .fetch(offset: held, ifRange: held > 0 && version.tag == nil ? version.validator : nil, after: seconds)
    }

    /// Takes the head of an answer that leads elsewhere.
    ///
    /// - Returns: from where on the other place is to be asked.
    package mutating func redirected(_ head: AnswerHead) -> Int {
        learn(head)
        return held
    }

    /// Takes the head of an answer that leads nowhere else.
    package mutating func answered(_ head: AnswerHead) -> Answer {
        if restarts > Self.mostRestarts { return .instead(.fail(.keepsChanging(file: file.path))) }
        switch head.status {
        case 200: return whole(head)
        case 206: return part(head)
        case 416 where held > 0: return .instead(restart())
        case 408, 429, 500...599:
            let reason =
                head.status == 429
                ? HubError.tooManyRequests(retryAfter: head.retryAfter)
                : .refused(what: file.path, status: head.status)
            return .instead(retry(head.retryAfter, reason))
        case 401: return .instead(.fail(.unauthorised(file.path, hasToken: hasToken)))
        case 403: return .instead(.fail(.forbidden(file.path, terms: nil)))
        case 404, 410: return .instead(.fail(.notFound(file.path)))
        default: return .instead(.fail(.refused(what: file.path, status: head.status)))
        }
    }

    private mutating func whole(_ head: AnswerHead) -> Answer {
        if held > 0 { restarts += 1 }
        (held, isResumed) = (0, false)
        learn(head)
        if version.tag == nil {
            // What an earlier answer said may be of another content.
            version = Version(byteCount: file.byteCount, sha256: file.sha256, validator: head.validator)
        }
        if let length = head.contentLength {
            if let expected = version.byteCount, expected != length {
                return .instead(.fail(.wrongSize(file: file.path, expected: expected, found: length)))
            }
            version.byteCount = length
        }
        return .take(offset: 0)
    }

    private mutating func part(_ head: AnswerHead) -> Answer {
        let asked = held
        learn(head)
        let isOther = version.tag == nil && version.validator != nil && head.validator != version.validator
        guard held == asked, !isOther, let range = head.range, range.start == held,
            range.total == nil || version.byteCount == nil || range.total == version.byteCount
        else { return .instead(restart()) }
        version.byteCount = version.byteCount ?? range.total
        return .take(offset: held)
    }

    /// What a head says of the file's content; where it is another than so far, nothing of it is there.
    private mutating func learn(_ head: AnswerHead) {
        guard let tag = head.linkedETag else { return }
        let told = Version(
            byteCount: head.linkedSize, sha256: RepositoryFile.isSHA256(tag.lowercased()) ? tag.lowercased() : nil,
            tag: tag)
        guard version.contradicts(told) else {
            version = version.completed(by: told)
            return
        }
        version = told
        if held > 0 { restarts += 1 }
        (held, isResumed) = (0, false)
    }

    private mutating func restart() -> Step {
        restarts += 1
        guard restarts <= Self.mostRestarts else { return .fail(.keepsChanging(file: file.path)) }
        (held, isResumed) = (0, false)
        version = Version(byteCount: file.byteCount, sha256: file.sha256)
        return fetch(after: 0)
    }

    private mutating func retry(_ wait: Double?, _ reason: HubError) -> Step {
        failures += 1
        guard failures < Self.mostFailures, wait ?? 0 <= Self.longestWait else { return .fail(reason) }
        return fetch(after: max(wait ?? 0, Self.firstWait * Double(1 << (failures - 1))))
    }

    /// Counts a piece of the body, which was written.
    ///
    /// - Returns: why no more is wanted; `nil` while it is.
    package mutating func took(_ count: Int) -> HubError? {
        held += count
        if count > 0 { failures = 0 }
        guard let expected = version.byteCount, held > expected else { return nil }
        return .wrongSize(file: file.path, expected: expected, found: held)
    }

    /// The body has ended, or no answer came.
    ///
    /// - Parameter reason: what broke it off, or kept it from coming; `nil` of a body that ended as it should.
    package mutating func ended(brokenBy reason: String?) -> Step {
        if held == version.byteCount || (version.byteCount == nil && reason == nil) { return .check }
        return retry(nil, .unreachable(url: file.path, reason: reason ?? "the answer is too short"))
    }

    package mutating func checked(sha256: String) -> Step {
        guard let expected = version.sha256, expected != sha256 else { return .finish }
        // What was there before may be damaged, as after a loss of power.
        if isResumed { return restart() }
        return .fail(.wrongHash(file: file.path, expected: expected, found: sha256))
    }
}

extension Download.Version {
    /// Whether something that both know is different.
    fileprivate func contradicts(_ other: Self) -> Bool {
        func differ<Value: Equatable>(_ value: Value?, _ other: Value?) -> Bool {
            value != nil && other != nil && value != other
        }
        return differ(sha256, other.sha256) || differ(byteCount, other.byteCount) || differ(tag, other.tag)
    }

    fileprivate func completed(by other: Self) -> Self {
        Self(
            byteCount: byteCount ?? other.byteCount, sha256: sha256 ?? other.sha256, tag: tag ?? other.tag,
            validator: validator ?? other.validator)
    }
}
