import AsyncHTTPClient
import Foundation
package import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization

/// Sends spans to a collector of OpenTelemetry, in batches: OTLP over HTTP, as JSON.
///
/// Nobody waits for it. What does not fit into its queue is dropped and counted; what a collector cannot take now is
/// sent again. Source: OpenTelemetry Protocol 1.5.
package final class SpanExporter: Service {
    /// Who sends, and where.
    package struct Destination: Sendable, Hashable {
        /// With its path.
        package var url: String
        /// Fields of each request, as keys of a collector.
        package var headers: [String: String] = [:]
        package var service = "weft"
        package var version = ""

        /// - Parameters:
        ///   - endpoint: without the path `/v1/traces`; `nil` asks the environment.
        ///   - environment: OpenTelemetry's variables `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`,
        ///     `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_SERVICE_NAME`.
        /// - Returns: `nil` where nobody names an endpoint.
        package init?(endpoint: String?, environment: [String: String]) {
            func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
            if endpoint == nil, let url = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
                self.url = url
            } else if let base = endpoint ?? value("OTEL_EXPORTER_OTLP_ENDPOINT") {
                url = (base.hasSuffix("/") ? String(base.dropLast()) : base) + "/v1/traces"
            } else {
                return nil
            }
            service = value("OTEL_SERVICE_NAME") ?? service
            for pair in (value("OTEL_EXPORTER_OTLP_HEADERS") ?? "").split(separator: ",") {
                let parts = pair.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
                if parts.count == 2 { headers[parts[0]] = parts[1].removingPercentEncoding ?? parts[1] }
            }
        }
    }

    /// How much waits, and for how long.
    package struct Limits: Sendable, Hashable {
        /// Spans that may wait. Chosen: those of two thousand requests, some megabytes.
        package var queue = 8192
        /// Spans of a request to the collector: OpenTelemetry's own number.
        package var batch = 512
        /// The time between requests where little happens. Chosen: traces are looked at soon, and a batch fills.
        package var interval = Duration.seconds(1)
        /// The longest pause after a collector refused, which doubles from one interval.
        package var longestPause = Duration.seconds(30)
        /// How long a collector may take to answer: OpenTelemetry's own number.
        package var timeout = Duration.seconds(10)
        /// The same at the end of the program. Chosen: who ends it waits.
        package var lastTimeout = Duration.seconds(2)

        package init() {}
    }

    private struct State {
        var waiting: [SpanRecord] = []
        var dropped = 0
        var sent = 0
    }

    private let destination: Destination
    private let limits: Limits
    private let logger: Logger
    private let state = Mutex(State())

    package init(to destination: Destination, limits: Limits = Limits(), logger: Logger) {
        (self.destination, self.limits, self.logger) = (destination, limits, logger)
    }

    /// Spans that were lost.
    package var dropped: Int { state.withLock { $0.dropped } }
    /// Spans that the collector has taken.
    package var sent: Int { state.withLock { $0.sent } }

    /// - Complexity: O(1).
    func add(_ span: SpanRecord) {
        state.withLock { state in
            if state.waiting.count < limits.queue { state.waiting.append(span) } else { state.dropped += 1 }
        }
    }

    /// Sends spans until the program ends, and then what is left, once.
    package func run() async throws {
        await cancelWhenGracefulShutdown { await self.sendAgainAndAgain() }
        _ = await send(within: limits.lastTimeout)
        if dropped > 0 { logger.warning("spans were dropped", metadata: ["spans": .stringConvertible(dropped)]) }
    }

    private func sendAgainAndAgain() async {
        var pause = limits.interval, isRefused = false
        while (try? await Task.sleep(for: pause)) != nil {
            if let reason = await send(within: limits.timeout) {
                if !isRefused { logger.warning("the collector takes no spans", metadata: ["reason": "\(reason)"]) }
                (pause, isRefused) = (min(pause * 2, limits.longestPause), true)
            } else {
                if isRefused {
                    logger.info("the collector takes spans", metadata: ["dropped": .stringConvertible(dropped)])
                }
                (pause, isRefused) = (limits.interval, false)
            }
        }
    }

    /// As `sendAll`, but that cancellation does not reach it: what was broken off would be sent twice.
    private func send(within timeout: Duration) async -> String? {
        await Task { await self.sendAll(within: timeout) }.value
    }

    /// Sends all that waits, batch by batch.
    ///
    /// - Returns: why the collector did not take it; `nil` where it did.
    private func sendAll(within timeout: Duration) async -> String? {
        while true {
            let batch = state.withLock { state in
                let batch = Array(state.waiting.prefix(limits.batch))
                state.waiting.removeFirst(batch.count)
                return batch
            }
            guard !batch.isEmpty else { return nil }
            do {
                let status = try await send(batch, within: timeout)
                if (200..<300).contains(status) {
                    state.withLock { $0.sent += batch.count }
                } else if [429, 502, 503, 504].contains(status) {
                    putBack(batch)
                    return "status \(status)"
                } else {
                    // It would refuse them again.
                    state.withLock { $0.dropped += batch.count }
                    return "status \(status)"
                }
            } catch {
                putBack(batch)
                return "\(error)"
            }
        }
    }

    /// To the front; what came meanwhile goes where there is no room.
    private func putBack(_ batch: [SpanRecord]) {
        state.withLock { state in
            let all = batch + state.waiting
            state.waiting = Array(all.prefix(limits.queue))
            state.dropped += all.count - state.waiting.count
        }
    }

    private func send(_ batch: [SpanRecord], within timeout: Duration) async throws -> UInt {
        var request = HTTPClientRequest(url: destination.url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        for (name, value) in destination.headers { request.headers.replaceOrAdd(name: name, value: value) }
        request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(OTLPRequest(batch, from: destination))))
        let answer = try await HTTPClient.shared.execute(request, timeout: TimeAmount(timeout))
        // Read, so that the connection can be used again.
        _ = try await answer.body.collect(upTo: 1 << 16)
        return answer.status.code
    }
}
