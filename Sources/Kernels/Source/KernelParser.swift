/// Reads a kernel's file into its signature and body.
struct KernelParser {
    private let text: String
    private var rest: Substring
    private var name = "(unnamed)"

    init(_ text: String) {
        self.text = Self.withoutComments(text)
        rest = self.text[...]
    }

    static func withoutComments(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in line.place(of: "//").map { line[..<$0.lowerBound] } ?? line }
            .joined(separator: "\n")
    }

    mutating func parse() throws(KernelSourceError) -> KernelSource {
        try expect("kernel")
        name = try word()
        let (buffers, parameters) = try arguments(try enclosed("(", ")"))
        var options: [KernelOption] = []
        if accept("options") { options = try parseOptions(upTo("parts", "shared", "tiles")) }
        let parts =
            accept("parts") ? upTo("shared", "tiles").split(whereSeparator: \.isWhitespace).map(String.init) : []
        let shared = accept("shared") ? try parseShared(upTo("tiles")) : []
        try expect("tiles")
        let tiles = upTo("{").trimmed
        let body = try enclosed("{", "}")
        guard rest.allSatisfy(\.isWhitespace) else { throw error("text after the body") }
        return KernelSource(
            name: name, buffers: buffers, parameters: parameters, options: options, parts: parts, shared: shared,
            tiles: tiles, body: String(body))
    }

    private func arguments(
        _ list: Substring
    ) throws(KernelSourceError) -> ([BufferArgument], [ParameterArgument]) {
        var buffers: [BufferArgument] = []
        var parameters: [ParameterArgument] = []
        for item in list.split(separator: ",") {
            let words = item.split(whereSeparator: \.isWhitespace).map(String.init)
            if words.count == 3, let access = BufferArgument.Access(rawValue: words[0]),
                let element = BufferArgument.Element(rawValue: words[1]), element != .half
            {
                guard parameters.isEmpty else { throw error("buffer '\(words[2])' stands after a parameter") }
                buffers.append(BufferArgument(name: words[2], access: access, element: element))
            } else if words.count == 2, let kind = ParameterArgument.Kind(rawValue: words[0]) {
                parameters.append(ParameterArgument(name: words[1], kind: kind))
            } else {
                throw error("cannot read the argument '\(item.trimmed)'")
            }
        }
        return (buffers, parameters)
    }

    private func parseOptions(_ list: Substring) throws(KernelSourceError) -> [KernelOption] {
        var options: [KernelOption] = []
        for item in list.split(separator: ",") {
            let sides = item.split(separator: "=")
            guard sides.count == 2 else { throw error("cannot read the option '\(item.trimmed)'") }
            let values = sides[1].split(whereSeparator: \.isWhitespace).map(String.init)
            options.append(KernelOption(name: sides[0].trimmed, values: values))
        }
        return options
    }

    private func parseShared(_ list: Substring) throws(KernelSourceError) -> [SharedArray] {
        var arrays: [SharedArray] = []
        for item in list.split(separator: ",") {
            let words = item.split(maxSplits: 1, whereSeparator: \.isWhitespace)
            let sides = words.last?.split(separator: "[", maxSplits: 1) ?? []
            let ends = sides.last?.split(separator: "]", maxSplits: 1) ?? []
            let condition = ends.last?.trimmed.dropPrefix("when ")
            guard let type = words.first, let element = BufferArgument.Element(rawValue: String(type)),
                let name = sides.first, sides.count == 2, let count = ends.first, ends.count == 2,
                let condition, !condition.isEmpty
            else { throw error("cannot read the shared array '\(item.trimmed)'") }
            arrays.append(
                SharedArray(
                    name: name.trimmed, element: element, count: count.trimmed, condition: condition))
        }
        return arrays
    }

    // MARK: Scanning

    private mutating func skipSpace() { rest = rest.drop(while: \.isWhitespace) }

    private mutating func accept(_ token: String) -> Bool {
        skipSpace()
        guard rest.hasPrefix(token) else { return false }
        rest = rest.dropFirst(token.count)
        return true
    }

    private mutating func expect(_ token: String) throws(KernelSourceError) {
        guard accept(token) else { throw error("expected '\(token)' before '\(rest.prefix(20))'") }
    }

    private mutating func word() throws(KernelSourceError) -> String {
        skipSpace()
        let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        guard !word.isEmpty else { throw error("expected a name before '\(rest.prefix(20))'") }
        rest = rest.dropFirst(word.count)
        return String(word)
    }

    private mutating func upTo(_ tokens: String...) -> Substring {
        let end = tokens.compactMap { rest.place(of: $0)?.lowerBound }.min() ?? rest.endIndex
        defer { rest = rest[end...] }
        return rest[..<end]
    }

    private mutating func enclosed(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar
    ) throws(KernelSourceError) -> Substring {
        skipSpace()
        guard let end = rest.closing(open, close) else { throw error("'\(open)' is missing or not closed") }
        defer { rest = rest[rest.index(after: end)...] }
        return rest[rest.index(after: rest.startIndex)..<end]
    }

    private func error(_ reason: String) -> KernelSourceError { KernelSourceError(kernel: name, reason: reason) }
}

extension String {
    /// Returns what stands behind `prefix`, or `nil` where something else stands in front.
    fileprivate func dropPrefix(_ prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}

extension Substring {
    var trimmed: String {
        var text = drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return String(text)
    }
}
