import ConfigurationFiles
package import Logging

/// What is logged, and how.
package struct LogConfiguration: Sendable, Hashable {
    package enum Format: String, Sendable, Hashable, CaseIterable {
        case text
        /// An object a line.
        case json
    }

    package var format = Format.text
    package var level = Logger.Level.info
    /// Whether requests are logged with their prompts.
    package var prompts = false

    package init() {}

    /// - Throws: `FileError`.
    init(_ field: Field) throws(FileError) {
        try field.allowOnly(["format", "level", "prompts"])
        format = try field.optional("format")?.choice() ?? format
        level = try field.optional("level")?.choice() ?? level
        prompts = try field.optional("prompts")?.flag() ?? prompts
    }
}

/// Where traces go.
package struct TracingConfiguration: Sendable, Hashable {
    /// The collector's, without the path `/v1/traces`.
    package var endpoint: String
    /// The part of the traces that are kept which begin here, 0...1. Of others their callers have decided.
    package var sample = 1.0

    package init(endpoint: String) { self.endpoint = endpoint }

    /// - Throws: `FileError`.
    init(_ field: Field) throws(FileError) {
        try field.allowOnly(["endpoint", "sample"])
        endpoint = try field.field("endpoint").text()
        guard Self.isAddress(endpoint) else {
            throw try field.field("endpoint").error("must begin with http:// or https://")
        }
        sample = try field.optional("sample")?.number(0...1) ?? sample
    }

    package static func isAddress(_ text: String) -> Bool {
        ["http://", "https://"].contains { text.hasPrefix($0) && text.count > $0.count }
    }
}
