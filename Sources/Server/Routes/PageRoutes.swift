import Crypto
import HTTPTypes
import Hummingbird

/// The page at `/`: chat with the models, and what the units do, live. It is made of a few files in the program, which
/// ask for nothing from elsewhere.
struct PageRoutes: Sendable {
    /// A file of the page; nobody needs a key for it, as it says nothing of this server.
    private struct File: Sendable {
        var path: String
        var type: String
        var bytes: ByteBuffer
        /// The quoted beginning of its digest.
        var tag: String

        init(_ path: String, _ type: String, _ bytes: [UInt8]) {
            self.path = path
            self.type = type
            self.bytes = ByteBuffer(bytes: bytes)
            let digest = SHA256.hash(data: bytes).prefix(8).map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
            tag = "\"\(digest.joined())\""
        }

        static func script(_ name: String, _ bytes: [UInt8]) -> File {
            File("/page/\(name)", "text/javascript; charset=utf-8", bytes)
        }
    }

    private static let files: [File] = [
        File("/", "text/html; charset=utf-8", PackageResources.page_html),
        File("/page/page.css", "text/css; charset=utf-8", PackageResources.page_css),
        .script("page.js", PackageResources.page_js), .script("chat.js", PackageResources.chat_js),
        .script("markdown.js", PackageResources.markdown_js), .script("server.js", PackageResources.server_js),
        .script("weave.js", PackageResources.weave_js), .script("strips.js", PackageResources.strips_js),
    ]

    static let paths = files.map(\.path)

    /// Nothing but the page's own files and this server; and no text becomes markup, whatever a script does.
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
    ].joined(separator: "; ")

    func add(to router: Router<ServerContext>) {
        for file in Self.files {
            router.endpoint(.get, "\(file.path)") { request, _ in Self.response(file, to: request) }
        }
    }

    private static func response(_ file: File, to request: Request) -> Response {
        // The page is that of the program that answers: whoever has it asks whether it is still the same.
        var headers: HTTPFields = [
            .eTag: file.tag, .cacheControl: "no-cache", .contentSecurityPolicy: policy,
            .xContentTypeOptions: "nosniff", .referrerPolicy: "no-referrer",
        ]
        if request.headers[.ifNoneMatch]?.contains(file.tag) == true {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = file.type
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: file.bytes))
    }
}
