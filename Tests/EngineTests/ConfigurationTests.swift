import Engine
import Foundation
import Testing

/// Whatever a configuration or a request to load says, only what can be reckoned with is taken.
struct ConfigurationTests {
    private func refusal(_ fields: String, server: String = "") throws -> String? {
        let model = #"{"path": "b"\#(fields.contains("name") ? "" : #", "name": "a""#), \#(fields)}"#
        let json = #"{"models": [\#(model)]\#(server)}"#
        do {
            try JSONDecoder().decode(ServeConfiguration.self, from: Data(json.utf8)).check()
            return nil
        } catch let error as ConfigurationError {
            return error.description
        }
    }

    @Test(arguments: [
        ("rate", ["1e308", "0", "-1", "1e-300", "1e7", "4.9e-324"]), ("ttft", ["0", "1e308", "-0.0", "1e-9"]),
        ("tpot", ["0", "1e300", "1e-12"]), ("context", ["0", "-1", "9223372036854775807", "16777217"]),
        ("chunk", ["0", "8193", "9223372036854775807"]), ("max_sequences", ["0", "1025", "-9223372036854775808"]),
        ("shares", ["[]", "[6]", "[0, 4]", "[6, 11]", "[6, 4, 1]", "[9223372036854775807, 1]"]),
    ])
    func modelsWithNumbersBeyondMeasureAreRefused(field: String, values: [String]) throws {
        for value in values {
            let refusal = try refusal(#""\#(field)": \#(value)"#)
            #expect(refusal?.contains(field) == true, "\(field): \(value)")
        }
    }

    @Test(arguments: [
        ("pool_mb", ["0", "-5", "9223372036854775807"]), ("weights_mb", ["0", "9223372036854775807"]),
        ("max_requests", ["0", "9223372036854775807"]), ("port", ["-1", "65536"]),
    ])
    func serversWithNumbersBeyondMeasureAreRefused(field: String, values: [String]) throws {
        for value in values {
            let refusal = try refusal(#""rate": 1"#, server: #", "\#(field)": \#(value)"#)
            #expect(refusal?.contains(field) == true, "\(field): \(value)")
        }
    }

    @Test(arguments: [
        "", " ", "\\n", "a\\nb", "a\\r", "\\u0000", "\\u001b[2J", "\\u2028", "\\u202e", "\\u00ad", "\\u0085",
    ])
    func namesThatCannotBePrintedAreRefused(name: String) throws {
        #expect(try refusal(#""name": "\#(name)""#)?.contains("name") == true)
    }

    @Test func namesHaveALength() throws {
        #expect(try refusal(#""name": "\#(String(repeating: "n", count: 201))""#) != nil)
        #expect(try refusal(#""name": "\#(String(repeating: "n", count: 200))""#) == nil)
        #expect(try refusal(#""name": "someone/Model 1.5-B \"é\" 模型""#) == nil)
    }

    @Test func ordinaryNumbersAreTaken() throws {
        let fields = #""rate": 0.001, "ttft": 0.5, "tpot": 0.05, "context": 131072, "chunk": 8192, "shares": [10, 1]"#
        #expect(try refusal(fields, server: #", "pool_mb": 1048576, "weights_mb": 81920"#) == nil)
    }
}
