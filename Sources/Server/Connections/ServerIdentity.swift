import Access
package import Logging
import NIOSSL
import Synchronization

/// The certificate with which the server proves who it is, and its key. Files that change are read again; where they
/// are wrong then, connections go on with those before.
package final class ServerIdentity: Sendable {
    private struct State {
        var context: NIOSSLContext
        var watch: FileWatch
    }

    private let certificate: String
    private let key: String
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - certificate: a file in PEM, the server's own certificate first.
    ///   - key: likewise.
    /// - Throws: `NIOSSLError` where the files cannot be read or do not belong together.
    package init(certificate: String, key: String, logger: Logger) throws {
        (self.certificate, self.key, self.logger) = (certificate, key, logger)
        let watch = FileWatch([certificate, key])
        state = Mutex(State(context: try Self.context(certificate, key), watch: watch))
    }

    /// What makes a new connection secret.
    func handler() -> NIOSSLServerHandler {
        let context = state.withLock { state in
            if state.watch.hasChanged() {
                do {
                    state.context = try Self.context(certificate, key)
                    logger.info("the certificate was read again", metadata: ["file": "\(certificate)"])
                } catch {
                    logger.error("the new certificate is wrong", metadata: ["reason": "\(error)"])
                }
            }
            return state.context
        }
        return NIOSSLServerHandler(context: context)
    }

    private static func context(_ certificate: String, _ key: String) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        return try NIOSSLContext(configuration: configuration)
    }
}
