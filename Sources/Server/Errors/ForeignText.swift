/// Text that a client sent, made fit to be repeated in a log or a message.
extension String {
    /// At most 128 characters, without control characters, so that no one writes log lines or terminal commands for us.
    var abridged: String {
        let shown = String(unicodeScalars.prefix(128)).escapingControls
        return shown + (unicodeScalars.count > 128 ? "…" : "")
    }

    /// The same text, with what would end a line or command a terminal written out.
    var escapingControls: String {
        if utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return self }
        let shown = unicodeScalars.map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: scalar.escaped(asASCII: true)
            default: String(scalar)
            }
        }
        return shown.joined()
    }
}
