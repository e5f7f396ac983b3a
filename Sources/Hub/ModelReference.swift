/// A model in a repository of a hub, as a person writes it: `OWNER/NAME`, or `OWNER/NAME:Q4_K_M`.
package struct ModelReference: Sendable, Hashable {
    package let repository: String
    /// In the user's own case; `nil` leaves the choice to `ModelFiles.choose`.
    package let quantisation: String?

    /// What people copy with a name from a page.
    private static let prefixes = ["https://huggingface.co/", "https://hf.co/", "huggingface.co/", "hf.co/"]
    /// More than the hub allows.
    private static let mostBytes = 200

    /// - Throws: `HubError.badReference`.
    package init(_ text: String) throws(HubError) {
        let name = Self.prefixes.first { text.hasPrefix($0) }.map { text.dropFirst($0.count) } ?? text[...]
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let owners = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        guard owners.count == 2, owners.allSatisfy(Self.isName), !name.hasSuffix(".gguf"),
            parts.count == 1 || Self.isName(parts[1])
        else { throw .badReference(text.harmless) }
        repository = String(parts[0])
        quantisation = parts.count == 2 ? String(parts[1]) : nil
    }

    private static func isName(_ text: Substring) -> Bool {
        guard 1...mostBytes ~= text.utf8.count, !text.hasPrefix("."), !text.contains("..") else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
            default: false
            }
        }
    }
}

extension String {
    /// At most 128 characters, without those that command a terminal.
    var harmless: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.prefix(128).map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator: "?"
                    default: scalar
                    }
                }))
    }
}
