import Foundation

/// Makes what a person types of lines: a question, or a command.
///
/// `"""` begins a question of several lines, and ends it.
struct ChatInputReader {
    enum Input: Hashable {
        case question(String)
        case system(String)
        case clear
        case help
        case bye
        case unknown(String)
    }

    private static let mark = "\"\"\""

    /// The lines of a question that has not ended.
    private var lines: [String]?

    var isWithin: Bool { lines != nil }

    /// - Returns: `nil` where more lines are needed, or there is nothing on this one.
    mutating func take(_ line: String) -> Input? {
        if var lines {
            guard let end = line.range(of: Self.mark) else {
                lines.append(line)
                self.lines = lines
                return nil
            }
            lines.append(String(line[..<end.lowerBound]))
            self.lines = nil
            return Self.question(lines.joined(separator: "\n"))
        }
        let text = line.trimmed
        if text.hasPrefix(Self.mark) {
            lines = []
            return take(String(text.dropFirst(Self.mark.count)))
        }
        return text.hasPrefix("/") ? Self.command(text) : Self.question(text)
    }

    /// Forgets the lines of a question that has not ended.
    mutating func cancel() { lines = nil }

    private static func question(_ text: String) -> Input? { text.trimmed.isEmpty ? nil : .question(text.trimmed) }

    private static func command(_ text: String) -> Input {
        let words = text.split(separator: " ", maxSplits: 2).map(String.init)
        switch words[0] {
        case "/bye", "/exit", "/quit": return .bye
        case "/clear": return .clear
        case "/help", "/?": return .help
        case "/set" where words.count > 1 && words[1] == "system":
            let system = words.count > 2 ? words[2].trimmed : ""
            let isQuoted = system.count > 1 && system.hasPrefix("\"") && system.hasSuffix("\"")
            return .system(isQuoted ? String(system.dropFirst().dropLast()) : system)
        default: return .unknown(words[0])
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
