/// Text that may not grow beyond a limit.
struct BoundedText {
    private(set) var text = ""
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func append(_ piece: String) throws(JinjaError) {
        guard text.utf8.count + piece.utf8.count <= limit else {
            throw JinjaError(.limit, "a text of more than \(limit) bytes")
        }
        text += piece
    }
}
