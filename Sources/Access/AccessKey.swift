import ConfigurationFiles
import Crypto
import Foundation

/// A key by which a client is known: what it may do, which models it may name, and how much it may use.
///
/// Of the secret only a digest is kept. Secrets are long and random, so that a plain digest does: nobody can guess what
/// it is of.
///
/// ```yaml
/// - name: notebook
///   digest: sha256:0f4a…                 # weft keys new --name notebook
///   rights: [serve]                      # or admin, or both
///   models: [smollm2-135m-q4_1]          # all where absent
///   requests_per_minute: 60
///   tokens_per_minute: 100000
///   concurrent_requests: 4
///   priority: 1
/// ```
package struct AccessKey: Sendable, Hashable {
    package enum Right: String, Sendable, Hashable, CaseIterable {
        /// To have models work: `/v1` and what else serves clients.
        case serve
        /// To see and change what the server does: `/admin` and `/metrics`.
        case admin
    }

    /// What logs call its holder.
    package var name: String
    package var digest: KeyDigest
    package var rights: Set<Right> = [.serve]
    /// The names under which models are served that it may ask for; `nil` for all.
    package var models: Set<String>?
    package var limits = UseLimits()
    /// Requests of higher ones go first.
    package var priority = 0

    /// Chosen: enough for classes of service, few enough to be told apart.
    package static let priorities = -100...100
    /// Chosen: a billion a minute is more than any machine serves.
    private static let most = 1...1_000_000_000

    package init(name: String, digest: KeyDigest) { (self.name, self.digest) = (name, digest) }

    /// - Throws: `FileError`.
    init(_ field: Field) throws(FileError) {
        try field.allowOnly([
            "name", "digest", "rights", "models", "requests_per_minute", "tokens_per_minute", "concurrent_requests",
            "priority",
        ])
        let digest = try field.field("digest")
        guard let read = KeyDigest(written: try digest.text()) else {
            throw digest.error("must be `sha256:` and 64 hexadecimal digits, as `weft keys new` prints them")
        }
        self.init(name: try field.field("name").name(), digest: read)
        if let list = try field.optional("rights") {
            rights = []
            for right in try list.elements() { rights.insert(try right.choice()) }
        }
        if let list = try field.optional("models") {
            var models: Set<String> = []
            for model in try list.elements() { models.insert(try model.name()) }
            self.models = models
        }
        limits.requestsPerMinute = try field.optional("requests_per_minute")?.integer(Self.most)
        limits.tokensPerMinute = try field.optional("tokens_per_minute")?.integer(Self.most)
        limits.concurrentRequests = try field.optional("concurrent_requests")?.integer(Self.most)
        priority = try field.optional("priority")?.integer(Self.priorities) ?? priority
    }

    /// Whether it may name a model.
    package func allows(model name: String) -> Bool { models?.contains(name) ?? true }
}

/// The SHA-256 of a secret. Two are compared in a time that says nothing of them.
package struct KeyDigest: Sendable, Hashable {
    private let bytes: [UInt8]

    package init(of secret: String) { bytes = Array(SHA256.hash(data: Data(secret.utf8))) }

    /// Of `sha256:` and hexadecimal digits; `nil` for anything else.
    package init?(written text: String) {
        let prefix = "sha256:", digits = Array(text.dropFirst(prefix.count).utf8)
        guard text.hasPrefix(prefix), digits.count == 2 * SHA256.Digest.byteCount else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Self.value(digits[index]), let low = Self.value(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        self.bytes = bytes
    }

    package var written: String {
        "sha256:" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    package static func == (a: KeyDigest, b: KeyDigest) -> Bool {
        zip(a.bytes, b.bytes).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x61 + 10
        case 0x41...0x46: digit - 0x41 + 10
        default: nil
        }
    }
}
