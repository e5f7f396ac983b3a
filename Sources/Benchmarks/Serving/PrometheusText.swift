/// Metrics in Prometheus' text format.
package struct PrometheusText {
    package struct Sample: Hashable, Sendable {
        package var name: String
        package var labels: [String: String]
        package var value: Double

        package init(name: String, labels: [String: String], value: Double) {
            self.name = name
            self.labels = labels
            self.value = value
        }
    }

    package private(set) var samples: [Sample] = []

    /// Reads what it understands: comments and lines of another form are skipped.
    package init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            if let sample = Self.sample(line) { samples.append(sample) }
        }
    }

    private static func sample(_ line: Substring) -> Sample? {
        let name = line.prefix { $0 != "{" && $0 != " " }
        var rest = line[name.endIndex...]
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest.removeFirst()
            guard let found = Self.labels(&rest) else { return nil }
            labels = found
        }
        guard let value = rest.split(separator: " ").first.flatMap({ Double($0) }), !name.isEmpty else { return nil }
        return Sample(name: String(name), labels: labels, value: value)
    }

    /// Labels up to the closing brace, `nil` if there is none.
    private static func labels(_ rest: inout Substring) -> [String: String]? {
        var labels: [String: String] = [:]
        while let first = rest.first {
            if first == "}" {
                rest.removeFirst()
                return labels
            }
            if first == "," || first == " " {
                rest.removeFirst()
                continue
            }
            let name = rest.prefix { $0 != "=" }
            rest = rest[name.endIndex...].dropFirst()
            guard rest.popFirst() == "\"", let value = quoted(&rest) else { return nil }
            labels[String(name)] = value
        }
        return nil
    }

    /// A value up to its closing quote, `nil` if there is none.
    private static func quoted(_ rest: inout Substring) -> String? {
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return value
            case "\\":
                guard let escaped = rest.popFirst() else { return nil }
                value.append(escaped == "n" ? "\n" : escaped)
            default: value.append(character)
            }
        }
        return nil
    }
}
