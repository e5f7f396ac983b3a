/// Text that a client sent, made fit to be repeated in a log or a message.
extension String {
    /// At most 128 characters, without control characters, so that no one writes log lines or terminal commands for us.
    var abridged: String {
        let shown = unicodeScalars.prefix(128).map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: scalar.escaped(asASCII: true)
            default: String(scalar)
            }
        }
        return shown.joined() + (unicodeScalars.count > 128 ? "…" : "")
    }
}
