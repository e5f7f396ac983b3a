import Engine
import HTTPTypes
import Hummingbird
import Quantities
import ServiceLifecycle

/// `GET /admin/events`: what the units do, while they do it, as server-sent events.
///
/// The engine keeps nothing for a reader and does nothing for one: the route looks at its log ten times a second. While
/// a client takes nothing, nothing is read for it, and it learns how many passes it missed.
struct EventsRoute: Sendable {
    var administration: any ModelAdministration

    /// How often the log is read. Chosen: smooth to look at, and long beside a pass.
    private static let interval = Duration.milliseconds(100)
    /// Readings from one status to the next.
    private static let readingsPerStatus = 10
    /// Passes in one event, of about 120 bytes each.
    private static let most = 512

    /// The passes that ended since the event before, and those at work.
    private struct Passes: Encodable {
        /// Seconds on the clock that passes' starts are told by.
        var time: Seconds
        var ended: [PassRecord]
        var running: [PassRecord]
        /// Passes that ended since the event before, and are not told of.
        var lost: Int
    }

    func respond(_ request: Request, _ context: ServerContext) -> Response {
        let headers: HTTPFields = [
            .contentType: "text/event-stream", .cacheControl: "no-cache", .xAccelBuffering: "no",
        ]
        return Response(status: .ok, headers: headers, body: ResponseBody { try await write(to: &$0) })
    }

    /// Writes until the client is gone, which throws, or the server shuts down.
    private func write(to writer: inout any ResponseBodyWriter) async throws {
        var place: Int?
        var (running, reading) = ([PassRecord](), 0)
        while !Task.isShuttingDownGracefully {
            if let log = administration.passes {
                let time = log.now
                let read = log.read(from: place, most: Self.most)
                if !read.ended.isEmpty || read.running != running || reading == 0 {
                    let passes = Passes(time: time, ended: read.ended, running: read.running, lost: read.lost)
                    try await writer.write(event("passes", passes))
                }
                (place, running) = (read.next, read.running)
                // There is more: a reader that has just come, or one that was slow.
                if read.ended.count == Self.most { continue }
            }
            if reading % Self.readingsPerStatus == 0 {
                if let status = await administration.status {
                    try await writer.write(event("status", status))
                } else {
                    // A client that is gone shall be noticed.
                    try await writer.write(ByteBuffer(string: ": the models are loading\n\n"))
                }
            }
            reading += 1
            try await Task.sleep(for: Self.interval)
        }
        try await writer.finish(nil)
    }

    private func event(_ name: String, _ data: some Encodable) throws -> ByteBuffer {
        var bytes = ByteBuffer(string: "event: \(name)\ndata: ")
        bytes.writeBytes(try JSON.encode(data))
        bytes.writeString("\n\n")
        return bytes
    }
}
