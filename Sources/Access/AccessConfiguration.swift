package import ConfigurationFiles

/// How a server may be reached, in the same file as what it serves.
package struct AccessConfiguration: Sendable, Hashable {
    /// The file of keys; relative to the configuration's folder.
    package var keys: String?
    /// Whether everyone may come from everywhere, without keys.
    package var isInsecure = false
    /// Where `/admin` and `/metrics` are; beside the rest where absent.
    package var admin: Address?
    package var tls: TLS?
    /// Pages of these origins may ask; `*` for all. None where empty.
    package var origins: [String] = []
    /// Other names of models.
    package var aliases: [String: String] = [:]

    package struct Address: Sendable, Hashable {
        package var host: String
        package var port: Int

        package init(host: String, port: Int) { (self.host, self.port) = (host, port) }
    }

    /// Files in PEM; relative to the configuration's folder.
    package struct TLS: Sendable, Hashable {
        package var certificate: String
        package var key: String

        package init(certificate: String, key: String) { (self.certificate, self.key) = (certificate, key) }
    }

    package static let fields: Set<String> = ["keys", "insecure", "admin", "tls", "cors", "aliases"]

    package init() {}

    /// - Throws: `FileError`.
    package init(_ root: Field) throws(FileError) {
        keys = try root.optional("keys")?.text()
        isInsecure = try root.optional("insecure")?.flag() ?? false
        if let field = try root.optional("admin") {
            try field.allowOnly(["host", "port"])
            admin = Address(
                host: try field.optional("host")?.text() ?? "127.0.0.1",
                port: try field.field("port").integer(0...65_535))
        }
        if let field = try root.optional("tls") {
            try field.allowOnly(["certificate", "key"])
            tls = TLS(certificate: try field.field("certificate").text(), key: try field.field("key").text())
        }
        if let field = try root.optional("cors") {
            try field.allowOnly(["origins"])
            for origin in try field.field("origins").elements() { origins.append(try origin.text()) }
        }
        for (alias, field) in try root.optional("aliases")?.entries() ?? [] { aliases[alias] = try field.name() }
    }

    /// Whether only programs of the same machine reach an address.
    package static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
}
