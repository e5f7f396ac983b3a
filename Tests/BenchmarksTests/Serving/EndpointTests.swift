import Benchmarks
import Testing

struct EndpointTests {
    @Test(arguments: [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"), ("http://h/", "http://h"), ("http://h/v1/", "http://h"),
        ("https://h:1/proxy/x/v1", "https://h:1/proxy/x"),
    ])
    func basesAreFound(url: String, base: String) throws {
        #expect(try Endpoint(url: url).base == base)
    }

    @Test(arguments: ["", "h:80", "ftp://h", "http://", "http:///v1", "http://h?x=1"])
    func otherURLsAreRefused(url: String) {
        #expect(throws: ServingError.badURL(url)) { try Endpoint(url: url) }
    }

    @Test func modelsMayHaveOtherNames() throws {
        let endpoint = try Endpoint(url: "http://h", modelNames: ["a": "b"])
        #expect(endpoint.name(of: "a") == "b" && endpoint.name(of: "c") == "c")
    }
}
