import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Server

/// An answer of the server, read.
struct Reply {
    var status: Int
    var headers: HTTPFields
    var text: String

    var json: JSONValue { get throws { try JSONValue(text) } }
    var error: JSONValue? { get throws { try json.error } }

    /// The data of all server-sent events.
    var events: [String] {
        text.components(separatedBy: "\n\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
    }

    /// The events that have a name.
    var namedEvents: [(name: String, data: JSONValue)] {
        get throws {
            try text.components(separatedBy: "\n\n").filter { $0.hasPrefix("event: ") }.map { event in
                let lines = event.components(separatedBy: "\n")
                return (String(lines[0].dropFirst(7)), try JSONValue(String(lines[1].dropFirst(6))))
            }
        }
    }

    /// The lines of a stream of JSON.
    var lines: [JSONValue] {
        get throws {
            try text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map {
                try JSONValue(String($0))
            }
        }
    }

    /// The events before `[DONE]`.
    var chunks: [JSONValue] { get throws { try events.filter { $0 != "[DONE]" }.map { try JSONValue($0) } } }
}

/// Sends one request to a server that is not listening, and reads the answer.
func ask(
    _ generator: ScriptedGenerator = ScriptedGenerator(), _ method: HTTPRequest.Method, _ path: String,
    _ body: String? = nil, headers: HTTPFields = [:]
) async throws -> Reply {
    let buffer = body.map { ByteBuffer(string: $0) }
    return try await ask(generator, method, path, buffer, headers)
}

func ask(
    _ generator: ScriptedGenerator, _ method: HTTPRequest.Method, _ path: String, _ body: ByteBuffer?,
    _ headers: HTTPFields
) async throws -> Reply {
    let server = WeftServer(generator, configuration: .init(version: "0.0.1"), logger: .silent)
    return try await server.application.test(.router) { client in
        let response = try await client.executeRequest(uri: path, method: method, headers: headers, body: body)
        return Reply(
            status: response.status.code, headers: response.headers, text: String(buffer: response.body))
    }
}

/// A chat request with one message and `fields` besides, as in `"n": 2`.
func chat(
    _ fields: String = "", _ generator: ScriptedGenerator = ScriptedGenerator()
) async throws -> Reply {
    let body =
        #"{"model": "tiny", "messages": [{"role": "user", "content": "hi"}]\#(fields.isEmpty ? "" : ", \(fields)")}"#
    return try await ask(generator, .post, "/v1/chat/completions", body)
}

/// A completion request with `fields`.
func complete(_ fields: String, _ generator: ScriptedGenerator = ScriptedGenerator()) async throws -> Reply {
    try await ask(generator, .post, "/v1/completions", #"{"model": "tiny", \#(fields)}"#)
}

extension Logger {
    static var silent: Logger {
        Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    }
}
