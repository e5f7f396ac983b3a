import Hummingbird
import Logging
import NIOCore

/// What is known of a request besides its text.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection that the request came by.
    let channel: any Channel
    /// What answers, logs and workers behind a router call the request.
    var requestID: String?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}
