import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import Server
import Testing

/// Secret connections: a server and a router with certificates, which change while they serve.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct TLSTests {
    /// A folder with a certificate that vouches for itself, and its key.
    private struct Files: ~Copyable {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weft-tls-\(UUID().uuidString)")
        var certificate: String { folder.appending(path: "certificate.pem").path }
        var key: String { folder.appending(path: "key.pem").path }

        init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

        deinit { try? FileManager.default.removeItem(at: folder) }

        /// Makes new ones in their place.
        ///
        /// - Returns: the certificate's text.
        func renew() throws -> String {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/openssl")
            process.arguments = [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out",
                certificate,
            ]
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0, "openssl made no certificate")
            return try String(contentsOfFile: certificate, encoding: .utf8)
        }
    }

    /// The status of an answer to one who trusts nothing but a certificate.
    private static func status(_ port: Int, trusting certificate: String) async throws -> Int {
        var configuration = HTTPClient.Configuration()
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)))
        configuration.tlsConfiguration = tls
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let answer = try await client.execute(
                HTTPClientRequest(url: "https://127.0.0.1:\(port)/health"), timeout: .seconds(10))
            try await client.shutdown()
            return Int(answer.status.code)
        } catch {
            try await client.shutdown()
            throw error
        }
    }

    @Test func aCertificateThatTurnsWrongChangesNothing() async throws {
        let files = try Files(), log = LogRecorder()
        let first = try files.renew(), certificate = files.certificate
        let identity = try ServerIdentity(certificate: files.certificate, key: files.key, logger: log.logger)
        try await serving(ScriptedGenerator(), configure: { $0.identity = identity }) { port, _ in
            #expect(try await Self.status(port, trusting: first) == 200)
            // Who speaks plainly is not answered.
            await #expect(throws: (any Error).self) {
                _ = try await HTTPClient.shared.execute(
                    HTTPClientRequest(url: "http://127.0.0.1:\(port)/health"), timeout: .seconds(10))
            }
            try "none\n".write(toFile: certificate, atomically: true, encoding: .utf8)
            try await eventually(log, "the new certificate is wrong") {
                _ = try await Self.status(port, trusting: first)
            }
            #expect(try await Self.status(port, trusting: first) == 200)
        }
    }

    @Test func aNewCertificateIsTheOneThatIsShown() async throws {
        let files = try Files(), log = LogRecorder()
        let first = try files.renew()
        let identity = try ServerIdentity(certificate: files.certificate, key: files.key, logger: log.logger)
        let second = try files.renew()
        try await TestRouter.running(configure: { $0.server.identity = identity }) { router in
            try await eventually(log, "the certificate was read again") {
                _ = try? await Self.status(router.port, trusting: second)
            }
            #expect(try await Self.status(router.port, trusting: second) == 200)
            await #expect(throws: (any Error).self) { _ = try await Self.status(router.port, trusting: first) }
        }
    }

    @Test func filesThatAreNoneAreSaid() throws {
        let files = try Files()
        #expect(throws: (any Error).self) {
            try ServerIdentity(certificate: files.certificate, key: files.key, logger: .silent)
        }
    }

    /// Asks again until the log has a line.
    private func eventually(_ log: LogRecorder, _ line: String, _ ask: @Sendable () async throws -> Void) async throws {
        while !log.all.contains(where: { $0.contains(line) }) {
            try await ask()
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
