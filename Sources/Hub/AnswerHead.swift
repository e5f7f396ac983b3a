/// What the head of a hub's answer says of a file.
package struct AnswerHead: Sendable, Hashable {
    package var status: Int
    /// Where to go on asking.
    package var location: String?
    /// Of the bytes that follow.
    package var etag: String?
    package var contentLength: Int?
    /// Of a part: where it begins, and how long the whole is.
    package var range: Range?
    /// Of the file that a redirection leads to: a name of its content, for large files its SHA-256, and its length.
    package var linkedETag: String?
    package var linkedSize: Int?
    package var retryAfter: Double?

    package struct Range: Sendable, Hashable {
        package var start: Int
        package var total: Int?

        package init(start: Int, total: Int?) { (self.start, self.total) = (start, total) }

        /// Of `bytes 100-199/200`, or `bytes 100-199/*`; `nil` of anything else.
        package init?(_ text: String) {
            guard let match = text.wholeMatch(of: #/bytes ([0-9]+)-([0-9]+)\/([0-9]+|\*)/#), let start = Int(match.1),
                let end = Int(match.2), start <= end
            else { return nil }
            self.start = start
            total = Int(match.3)
            if let total, end >= total { return nil }
        }
    }

    package init(status: Int) { self.status = status }

    /// - Parameter field: the value of a field of the head.
    package init(status: Int, field: (String) -> String?) {
        self.status = status
        func number(_ name: String) -> Int? { field(name).flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil } }
        location = field("Location")
        etag = field("ETag")
        contentLength = number("Content-Length")
        range = field("Content-Range").flatMap(Range.init)
        linkedETag = field("X-Linked-Etag").map(Self.unquoted)
        linkedSize = number("X-Linked-Size")
        // A date, which HTTP allows as well, counts as none.
        retryAfter = number("Retry-After").map(Double.init)
    }

    package var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) }

    /// With what it can be asked for the rest of the same bytes: a weak etag promises only the same meaning.
    var validator: String? { etag.flatMap { $0.hasPrefix("W/") ? nil : $0 } }

    private static func unquoted(_ etag: String) -> String {
        let strong = etag.hasPrefix("W/") ? etag.dropFirst(2) : etag[...]
        guard strong.count >= 2, strong.hasPrefix("\""), strong.hasSuffix("\"") else { return String(strong) }
        return String(strong.dropFirst().dropLast())
    }
}
