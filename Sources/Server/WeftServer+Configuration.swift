package import Access
package import Engine
package import Tracing

extension WeftServer {
    /// Where the server listens, and how patient it is.
    package struct Configuration: Sendable {
        package var host: String
        /// 0 takes a free port; `onRunning` tells which.
        package var port: Int
        /// Told to clients by `/version` and as part of `system_fingerprint`.
        package var version: String
        /// The largest body that is read, in bytes. Chosen: four times the text of 128k tokens, at four bytes each.
        package var bodyLimit = 2 << 20
        /// The most bytes that the bodies of all requests hold together before they are worked on. Chosen: 64 of the
        /// largest.
        package var bodyMemory = 128 << 20
        /// The largest answer of `/tokenize` and `/detokenize`, in bytes: the tokens of the largest body, once.
        package var answerLimit = 4 << 20
        /// The largest answer of `/v1/embeddings`, in bytes. Chosen: as many vectors of 1,024 numbers as a request may
        /// ask for, in base64.
        package var vectorLimit = 12 << 20
        /// The most bytes that answers hold together which their clients have not read. Chosen: 16 of the largest.
        package var answerMemory = 64 << 20
        /// Pieces of work on requests that may wait for a thread; more are refused with 503. Chosen: as many as largest
        /// bodies fit into `bodyMemory`.
        package var waitingWork = 64
        /// How long the body of a request may take to arrive. Chosen: the largest comes at 300 kbit/s.
        package var bodyTimeout: Duration = .seconds(60)
        /// How long the head of a request may take to arrive, from its first byte on. Chosen: a head is a few packets;
        /// what comes slower takes a place from others.
        package var headTimeout: Duration = .seconds(10)
        /// A connection on which no request arrives for so long is closed; sooner where its place is needed.
        /// Chosen: nginx's default, and more than the minute after which proxies commonly close theirs, so that it is
        /// seldom the server that closes while a request is on its way.
        package var idleTimeout: Duration = .seconds(75)
        /// A connection whose client takes nothing of an answer for so long is closed. Chosen: many round trips, and
        /// retransmissions of lost packets.
        package var stallTimeout: Duration = .seconds(10)
        /// A stream on which nothing else is sent gets a comment at least this often: what the HTML standard advises.
        package var keepAliveInterval: Duration = .seconds(15)
        /// How long answers under way may go on after a graceful shutdown began. Chosen: with what follows it is within
        /// the 30 s that Kubernetes waits before it kills.
        package var shutdownTimeout: Duration = .seconds(20)
        /// Connections for all that is served. Chosen: as many as a unit takes requests.
        package var connectionLimit = 1024
        /// Connections besides for those who ask how the server is: `/health`, `/metrics`, `/admin`. Enough for a few
        /// operators and probes that each keep several.
        package var probeConnections = 64
        /// Whose keys are asked for; without it everyone may do everything.
        package var access: AccessControl?
        /// Where `/admin`, `/metrics` and the page are; beside the rest where absent.
        package var adminAddress: AccessConfiguration.Address?
        /// With it all connections are secret.
        package var identity: ServerIdentity?
        /// Origins whose pages may ask, `*` for all.
        package var origins: [String] = []
        /// Other names of models.
        package var aliases: AliasTable = [:]
        /// Reads the configuration anew, with so much patience for requests of models that go; `nil` where there is
        /// none to read.
        package var reload: (@Sendable (_ patience: Duration) async throws -> ReloadReport)?
        /// What moves models while they serve; `nil` where they stay.
        package var replacer: Replacer?
        /// Called when a server that drains, and is to end then, has no request any more.
        package var onDrained: @Sendable () async -> Void = {}
        /// What makes spans of requests; none are made without it.
        package var tracer: (any Tracer)?
        /// Spans that no collector took.
        package var droppedSpans: (@Sendable () -> Int)?

        package init(host: String = "127.0.0.1", port: Int = 8080, version: String = "unversioned") {
            self.host = host
            self.port = port
            self.version = version
        }
    }
}
