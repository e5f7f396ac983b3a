import Chat
import Engine
import Foundation
import Fuzzing
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Quantities
import Server
import Testing
import Tokenization

/// Requests that are nearly right: bodies of every route, and what stands before a body on the wire.
@Suite(.serialized) struct FuzzTests {
    private static let bodies: [(path: String, mutator: Mutator)] = [
        (
            "/v1/chat/completions",
            [
                #"{"model": "tiny", "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "max_tokens": 2, "temperature": 0.5, "n": 2, "stop": ["x"], "logprobs": true, "top_logprobs": 3, "stream": true, "stream_options": {"include_usage": true}}"#,
                #"{"messages": [{"role": "assistant", "content": null, "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]}, {"role": "tool", "tool_call_id": "a", "content": "1"}], "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}}], "tool_choice": "required", "parallel_tool_calls": false}"#,
                #"{"messages": [{"role": "user", "content": "hi"}], "response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": {"type": "object", "properties": {"a": {"type": "string"}}}}}, "chat_template_kwargs": {"a": [1]}, "logit_bias": {"5": -100}}"#,
            ]
        ),
        (
            "/v1/completions",
            [
                #"{"model": "tiny", "prompt": ["a", "b"], "max_tokens": 2, "echo": true, "seed": 7, "top_k": 4, "min_p": 0.1}"#,
                #"{"prompt": [[97, 98], [99]], "logprobs": 2, "guided_regex": "[a-z]+", "ignore_eos": true, "min_tokens": 1}"#,
            ]
        ),
        (
            "/v1/responses",
            [
                #"{"model": "tiny", "input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}, {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}, {"type": "function_call_output", "call_id": "c", "output": "1"}], "instructions": "x", "max_output_tokens": 3, "stream": true}"#
            ]
        ),
        (
            "/v1/messages",
            [
                #"{"model": "tiny", "max_tokens": 3, "system": [{"type": "text", "text": "s"}], "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "tool_result", "tool_use_id": "t", "content": "1"}]}], "tools": [{"name": "f", "input_schema": {"type": "object"}}], "thinking": {"type": "enabled", "budget_tokens": 1024}}"#
            ]
        ),
        (
            "/api/chat",
            [
                #"{"model": "tiny:latest", "messages": [{"role": "user", "content": "hi"}], "stream": false, "options": {"temperature": 1, "num_predict": 2, "stop": ["x"]}, "format": {"type": "object"}, "think": true}"#
            ]
        ),
        ("/api/generate", [#"{"model": "tiny", "prompt": "a", "suffix": "b", "raw": true, "options": {"seed": 3}}"#]),
        ("/v1/embeddings", [#"{"model": "tiny", "input": ["a", "b"], "encoding_format": "base64", "dimensions": 2}"#]),
        ("/v1/rerank", [#"{"model": "tiny", "query": "q", "documents": ["a", {"text": "b"}], "top_n": 1}"#]),
        ("/tokenize", [#"{"model": "tiny", "content": "some text", "add_special": true, "with_pieces": true}"#]),
        ("/detokenize", [#"{"model": "tiny", "tokens": [97, 98, 256]}"#]),
        ("/infill", [#"{"input_prefix": "a", "input_suffix": "b", "input_extra": [{"text": "c", "filename": "d"}]}"#]),
    ].map { ($0, Mutator($1, words: words)) }

    private static let words = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\ud800", "\\u0000", "null", "true", "false", "-1", "0", "1e999",
        "1e-999", "-0.0", "9223372036854775807", "18446744073709551616", "0.1", "NaN", "[[", "{\"a\":", "\"\"", " ",
        "\n", "\u{feff}", "é", "🚀", "\0", "\"model\"", "\"prompt\"", "\"messages\"", "\"role\"", "\"content\"", "\"n\"",
        "\"stream\"", "\"tools\"", "\"type\"", "\"text\"", "\"max_tokens\"", "\"grammar\": \"root ::= \\\"a\\\"\"",
    ]

    /// Statuses from 500 on that say what they mean.
    private static let meant: Set<Int> = [501, 503, 505]

    @Test func `Mutated bodies are answered`() async throws {
        let generator = ScriptedGenerator(Script(mimicsModel: true), models: [.chat, .tools])
        let server = WeftServer(generator, configuration: .init(version: "0.0.1"), logger: .silent)
        let taken = try await server.application.test(.router) { client in
            try await Fuzzing("bodies", count: 3000).run { random in
                let (path, mutator) = Self.bodies[random.integer(in: 0...Self.bodies.count - 1)]
                let body = mutator.bytes(&random)
                let response = try await client.executeRequest(
                    uri: path, method: .post, headers: [:], body: ByteBuffer(bytes: body))
                let status = response.status.code
                #expect(
                    status < 500 || Self.meant.contains(status),
                    "\(status) to \(path) with \(String(decoding: body, as: UTF8.self).prefix(600).debugDescription)")
                return status == 200
            }
        }
        #expect(taken > 0)
    }

    private static let heads = Mutator(
        [
            "GET /health HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
            "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n"
                + "{\"content\": \"a\"}",
            "POST /tokenize HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "10\r\n{\"content\": \"abc\r\n2\r\n\"}\r\n0\r\n\r\n",
            "POST /v1/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nExpect: 100-continue\r\n"
                + "X-Request-Id: r\r\nContent-Length: 31\r\n\r\n{\"prompt\": \"a\", \"stream\": true}",
            "DELETE /admin/models/a%20b?patience=1 HTTP/1.1\r\nHost: x\r\nOrigin: http://a\r\n\r\n",
        ],
        words: [
            "\r\n", "\n", "\r", "\0", " ", "\t", ":", "Host: y\r\n", "Content-Length: 5\r\n", "Content-Length: -1\r\n",
            "Content-Length: 18446744073709551616\r\n", "Transfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n", "Upgrade: h2c\r\nConnection: Upgrade\r\n", "HTTP/1.0", "HTTP/9.9",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "FFFFFFFFFFFFFFFF\r\n", "-1\r\n", "0\r\n\r\n", "\u{ff}", "🚀", "%00",
            "%2e%2e/", "../", "//", "?", "#", "X: y\r\n", "CONNECT", "GET / HTTP/1.1\r\n\r\n", "[", "{", ";a=b",
        ])

    @Test func `Mutated requests on the wire are answered or closed`() async throws {
        let generator = ScriptedGenerator(Script(mimicsModel: true))
        try await serving(generator, configure: { $0.connectionLimit = 4096 }) { port, _ in
            let answered = await Fuzzing("wire", count: 1500).run { random in
                let bytes = Self.heads.bytes(&random)
                let answer = await RawRequest(bytes, number: random.integer(in: 1...250)).answer(port: port)
                guard let answer else {
                    Issue.record("no end to \(String(decoding: bytes, as: UTF8.self).prefix(600).debugDescription)")
                    return false
                }
                #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 "), "\(answer.prefix(100).debugDescription)")
                for match in answer.matches(of: #/HTTP/1\.1 (\d{3}) /#) {
                    let status = Int(match.1) ?? 0
                    #expect(
                        status < 500 || Self.meant.contains(status),
                        "\(status) to \(String(decoding: bytes, as: UTF8.self).prefix(600).debugDescription)")
                }
                return answer.hasPrefix("HTTP/1.1 200")
            }
            #expect(answered > 0)
        }
    }
}

/// Bytes sent over a connection of their own, from one of many addresses: of one address a machine has too few ports
/// for as many connections a minute.
private struct RawRequest: Sendable {
    private let bytes: [UInt8]
    private let number: Int

    init(_ bytes: [UInt8], number: Int) { (self.bytes, self.number) = (bytes, number) }

    /// What comes back until the server closes; `nil` where it does not within 20 seconds.
    func answer(port: Int) async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: exchange(port)) }
        }
    }

    private func exchange(_ port: Int) -> String? {
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(connection) }
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var own = address(number, port: 0), server = address(1, port: port)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isConnected =
            withUnsafeBytes(of: &own) { own in
                bind(connection, own.assumingMemoryBound(to: sockaddr.self).baseAddress, size)
            } == 0
            && withUnsafeBytes(of: &server) { server in
                connect(connection, server.assumingMemoryBound(to: sockaddr.self).baseAddress, size)
            } == 0
        guard isConnected else { return "" }
        _ = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        shutdown(connection, Int32(SHUT_WR))
        var answer: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(connection, &part, part.count, 0)
            if count < 0, errno == EAGAIN { return nil }
            guard count > 0 else { return String(decoding: answer, as: UTF8.self) }
            answer += part.prefix(count)
        }
    }

    private func address(_ host: Int, port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = (127 << 24 | UInt32(host)).bigEndian
        return address
    }
}
