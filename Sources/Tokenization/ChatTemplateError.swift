/// Why a template gave no prompt; the text is fit for a client.
public struct ChatTemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}
