extension WeftServer {
    /// Where the server listens, and how patient it is.
    public struct Configuration: Sendable {
        public var host: String
        /// 0 takes a free port; `onRunning` tells which.
        public var port: Int
        /// Told to clients by `/version` and as part of `system_fingerprint`.
        public var version: String
        /// The largest body that is read, in bytes.
        public var bodyLimit = 2 << 20
        /// The most bytes that the bodies of all requests hold together before they are worked on.
        public var bodyMemory = 128 << 20
        /// The largest answer of `/tokenize` and `/detokenize`, in bytes: the tokens of the largest body, once.
        public var answerLimit = 4 << 20
        /// The most bytes that answers hold together which their clients have not read.
        public var answerMemory = 64 << 20
        /// Pieces of work on requests that may wait for a thread; more are refused with 503.
        public var waitingWork = 64
        /// How long the body of a request may take to arrive.
        public var bodyTimeout: Duration = .seconds(60)
        /// How long the head of a request may take to arrive, from its first byte on.
        public var headTimeout: Duration = .seconds(10)
        /// A connection on which no request arrives for so long is closed; sooner where its place is needed.
        public var idleTimeout: Duration = .seconds(75)
        /// A connection whose client takes nothing of an answer for so long is closed.
        public var stallTimeout: Duration = .seconds(10)
        /// A stream on which nothing else is sent gets a comment at least this often.
        public var keepAliveInterval: Duration = .seconds(15)
        /// How long answers under way may go on after a graceful shutdown began.
        public var shutdownTimeout: Duration = .seconds(20)
        public var connectionLimit = 1024
        /// Connections besides for those who ask how the server is: `/health`, `/metrics`, `/admin`. Enough for a few
        /// operators and probes that each keep several.
        public var probeConnections = 64

        public init(host: String = "127.0.0.1", port: Int = 8080, version: String = "unversioned") {
            self.host = host
            self.port = port
            self.version = version
        }
    }
}
