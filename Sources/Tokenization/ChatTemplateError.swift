/// Why a template gave no prompt; the text is fit for a client.
package struct ChatTemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
