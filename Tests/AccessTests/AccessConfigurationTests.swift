import Access
import ConfigurationFiles
import Testing

struct AccessConfigurationTests {
    private func read(_ text: String) throws -> AccessConfiguration {
        try AccessConfiguration(Field(text, file: "a.yaml"))
    }

    @Test func allOfItIsRead() throws {
        let access = try read(
            """
            keys: keys.yaml
            insecure: true
            admin: {host: 10.0.0.1, port: 9}
            tls: {certificate: c.pem, key: k.pem}
            cors: {origins: [https://a.example, "*"]}
            aliases: {gpt-4o: a}
            """)
        #expect(access.keys == "keys.yaml" && access.isInsecure)
        #expect(access.admin == .init(host: "10.0.0.1", port: 9))
        #expect(access.tls == .init(certificate: "c.pem", key: "k.pem"))
        #expect(access.origins == ["https://a.example", "*"] && access.aliases == ["gpt-4o": "a"])
        #expect(try read("port: 1") == AccessConfiguration())
        #expect(try read("admin: {port: 1}").admin?.host == "127.0.0.1")
    }

    @Test(arguments: [
        "insecure: perhaps", "admin: {}", "admin: {port: 70000}", "tls: {certificate: c}", "cors: {}",
        "cors: {origins: []}", "aliases: [a]", "tls: {certificate: c, key: k, chain: x}",
    ])
    func whatIsWrongIsRefused(_ text: String) {
        #expect(throws: FileError.self) { try read(text) }
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.8.0.1", true), ("localhost", true), ("::1", true), ("0.0.0.0", false), ("::", false),
        ("10.0.0.1", false), ("example.org", false),
    ])
    func onlyTheMachineItselfIsLoopback(_ host: String, _ isLoopback: Bool) {
        #expect(AccessConfiguration.isLoopback(host) == isLoopback)
    }
}
