import Access
import ConfigurationFiles
import Foundation
import Logging
import Testing

struct KeyRingTests {
    private static let secret = "a-secret-of-many-letters"

    private func ring(_ text: String) throws -> KeyRing { try KeyRing(Field(text, file: "keys.yaml")) }

    @Test func aFileSaysWhatKeysMayDo() throws {
        let ring = try ring(
            """
            keys:
            - name: notebook
              digest: \(KeyDigest(of: Self.secret).written)
              models: [a, b]
              requests_per_minute: 60
              tokens_per_minute: 1000
              concurrent_requests: 2
              priority: -3
            - name: operator
              digest: \(KeyDigest(of: "another secret").written)
              rights: [admin, serve]
            """)
        let key = try #require(ring.key(withSecret: Self.secret))
        #expect(key.name == "notebook" && key.rights == [.serve] && key.priority == -3)
        #expect(key.limits == UseLimits(requestsPerMinute: 60, tokensPerMinute: 1000, concurrentRequests: 2))
        #expect(key.allows(model: "a") && !key.allows(model: "c"))
        #expect(ring.key(withSecret: "another secret")?.rights == [.admin, .serve])
        #expect(ring.key(withSecret: "another secret")?.allows(model: "c") == true)
        #expect(ring.key(withSecret: Self.secret + " ") == nil && ring.key(withSecret: "") == nil)
    }

    @Test(arguments: [
        ("keys: []", "keys"), ("keys: [{name: a}]", "digest: is missing"),
        ("keys: [{name: a, digest: secret}]", "must be `sha256:`"),
        ("keys: [{name: a, digest: 'sha256:00'}]", "must be `sha256:`"),
        ("keys: [{name: a, digest: 'sha256:\(String(repeating: "g", count: 64))'}]", "must be `sha256:`"),
        ("keys: [{name: a, digest: D, rights: [all]}]", "rights[0]"),
        ("keys: [{name: a, digest: D, requests_per_minute: 0}]", "requests_per_minute"),
        ("keys: [{name: a, digest: D, priority: 1000}]", "priority"),
        ("keys: [{name: a, digest: D}, {name: a, digest: E}]", "name"),
        ("keys: [{name: a, digest: D}, {name: b, digest: D}]", "is that of 'a' too"),
        ("keys: [{name: a, digest: D, secret: x}]", "secret"), ("users: []", "users"),
    ])
    func whatIsWrongIsNamed(_ text: String, _ word: String) throws {
        let digests = ["D", "E"].map { KeyDigest(of: $0).written }
        let text = text.replacing("digest: D", with: "digest: '\(digests[0])'")
            .replacing("digest: E", with: "digest: '\(digests[1])'")
        let error = #expect(throws: FileError.self) { try ring(text) }
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }

    @Test func theEnvironmentHoldsKeysToo() throws {
        let ring = try KeyRing(environment: [
            "WEFT_API_KEYS": "0123456789abcdef,bob=bobs-secret-0123456789", "WEFT_ADMIN_KEYS": "root=0123456789ABCDEF",
        ])
        #expect(ring.keys.map(\.name) == ["weft_api_keys[0]", "bob", "root"])
        #expect(ring.key(withSecret: "bobs-secret-0123456789")?.rights == [.serve])
        #expect(ring.key(withSecret: "0123456789ABCDEF")?.rights == [.serve, .admin])
        #expect(throws: KeyError.self) { try KeyRing(environment: ["WEFT_API_KEYS": "short"]) }
        #expect(throws: KeyError.self) {
            try KeyRing(environment: ["WEFT_API_KEYS": "a=0123456789abcdef,a=fedcba9876543210"])
        }
    }

    @Test func newSecretsAreLongAndDiffer() throws {
        let secrets = (0..<100).map { _ in KeyRing.newSecret() }
        #expect(Set(secrets).count == 100 && secrets.allSatisfy { $0.hasPrefix("weft-") && $0.count == 48 })
        // They can stand in a header, an URL and a shell.
        #expect(secrets.joined().allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
    }

    @Test func digestsAreReadAsTheyAreWritten() {
        let digest = KeyDigest(of: Self.secret)
        #expect(KeyDigest(written: digest.written) == digest)
        #expect(KeyDigest(written: digest.written.uppercased().replacing("SHA256", with: "sha256")) == digest)
        // Source: FIPS 180-2, appendix B.1.
        #expect(
            KeyDigest(of: "abc").written == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    /// A changed file counts within two seconds; one that is wrong changes nothing.
    @Test func aChangedFileIsReadAgain() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "weft-keys-\(UUID().uuidString).yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        func write(_ secret: String) throws {
            try "keys: [{name: a, digest: '\(KeyDigest(of: secret).written)'}]"
                .write(toFile: path, atomically: true, encoding: .utf8)
        }
        try write("one")
        let control = try AccessControl(
            file: path, environment: [:], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(control.hasKeys && control.key(withSecret: "one") != nil && control.key(withSecret: "two") == nil)
        try write("two")
        while control.key(withSecret: "two") == nil { try await Task.sleep(for: .milliseconds(20)) }
        #expect(control.key(withSecret: "one") == nil)
        try "keys: nonsense".write(toFile: path, atomically: true, encoding: .utf8)
        try await Task.sleep(for: .milliseconds(1100))
        #expect(control.key(withSecret: "two") != nil)
        #expect(throws: FileError.self) { try control.reload() }
        try FileManager.default.removeItem(atPath: path)
        try await Task.sleep(for: .milliseconds(1100))
        #expect(control.key(withSecret: "two") != nil && control.hasKeys)
    }
}
