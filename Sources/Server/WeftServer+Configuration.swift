extension WeftServer {
    /// Where the server listens, and how patient it is.
    package struct Configuration: Sendable {
        package var host: String
        /// 0 takes a free port; `onRunning` tells which.
        package var port: Int
        /// Told to clients by `/version` and as part of `system_fingerprint`.
        package var version: String
        /// The largest body that is read, in bytes.
        package var bodyLimit = 2 << 20
        /// The most bytes that the bodies of all requests hold together before they are worked on.
        package var bodyMemory = 128 << 20
        /// The largest answer of `/tokenize` and `/detokenize`, in bytes: the tokens of the largest body, once.
        package var answerLimit = 4 << 20
        /// The most bytes that answers hold together which their clients have not read.
        package var answerMemory = 64 << 20
        /// Pieces of work on requests that may wait for a thread; more are refused with 503.
        package var waitingWork = 64
        /// How long the body of a request may take to arrive.
        package var bodyTimeout: Duration = .seconds(60)
        /// How long the head of a request may take to arrive, from its first byte on.
        package var headTimeout: Duration = .seconds(10)
        /// A connection on which no request arrives for so long is closed; sooner where its place is needed.
        package var idleTimeout: Duration = .seconds(75)
        /// A connection whose client takes nothing of an answer for so long is closed.
        package var stallTimeout: Duration = .seconds(10)
        /// A stream on which nothing else is sent gets a comment at least this often.
        package var keepAliveInterval: Duration = .seconds(15)
        /// How long answers under way may go on after a graceful shutdown began.
        package var shutdownTimeout: Duration = .seconds(20)
        package var connectionLimit = 1024
        /// Connections besides for those who ask how the server is: `/health`, `/metrics`, `/admin`. Enough for a few
        /// operators and probes that each keep several.
        package var probeConnections = 64

        package init(host: String = "127.0.0.1", port: Int = 8080, version: String = "unversioned") {
            self.host = host
            self.port = port
            self.version = version
        }
    }
}
