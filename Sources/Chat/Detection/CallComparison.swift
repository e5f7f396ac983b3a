import Jinja

/// Finds the marks of calls by comparing a template's answers: one with text, one with a call, one with two.
struct CallComparison {
    private typealias Mark = TemplateTrial.Mark

    let syntax: CallSyntax?
    /// What ends a text, and not a call.
    let behindText: MarkupPieces

    /// `nil` where the template shows no calls.
    init?(_ trial: TemplateTrial, answer: (before: String, behind: String)?, reasoningTags: [String]) {
        guard let one = trial.calls(1), let name = one.around(Mark.names[0]) else { return nil }
        let lead = MarkupPieces(answer?.before ?? trial.prompt ?? "")
        let tail = MarkupPieces(answer?.behind ?? "")
        let finder = Finder(one: one, two: trial.calls(2), lead: lead, tail: tail, reasoningTags: reasoningTags)
        syntax = finder.json(name) ?? finder.tagged(name)
        behindText = tail.dropping(suffix: MarkupPieces(one))
    }

    private struct Finder {
        var one: String
        var two: String?
        /// Before and behind the text of an answer that is text.
        var lead: MarkupPieces
        var tail: MarkupPieces
        var reasoningTags: [String]

        /// What is special to calls before the first of them.
        private func beginning(_ text: some StringProtocol) -> MarkupPieces {
            MarkupPieces(text).dropping(prefix: lead).removing(reasoningTags)
        }

        /// What is special to calls behind the last of them.
        private func ending(_ pieces: MarkupPieces) -> MarkupPieces {
            let ends = pieces.tags.filter { tag in
                ["eos", "eot", "eom", "end_of", "end▁of"].contains(where: tag.contains)
            }
            return pieces.dropping(suffix: tail).before(tail.tags + ends)
        }

        /// Where the arguments stand that are a JSON object.
        private func object(in text: String, from start: String.Index) -> Range<String.Index>? {
            guard let key = text[start...].firstRange(of: "\"\(Mark.keys[0])\""),
                let begin = text[start..<key.lowerBound].lastIndex(of: "{")
            else { return nil }
            return end(of: begin, in: text).map { begin..<$0 }
        }

        private func end(of begin: String.Index, in text: String) -> String.Index? {
            var span = JSONSpan()
            guard case .complete(let length) = span.advance(text[begin...].utf8) else { return nil }
            return text.utf8.index(begin, offsetBy: length)
        }

        /// The key that a value comes behind.
        private func key(before text: some StringProtocol) -> String? {
            let text = text.trimmed
            guard text.hasSuffix(":") else { return nil }
            let quoted = text.dropLast().trimmed
            guard quoted.hasSuffix("\""), let open = quoted.dropLast().lastIndex(of: "\"") else { return nil }
            return String(quoted[quoted.index(after: open)...].dropLast())
        }

        /// Calls that are objects with a name and arguments.
        func json(_ name: (before: String, behind: String)) -> CallSyntax? {
            guard name.before.hasSuffix("\""), name.behind.hasPrefix("\""),
                let arguments = object(in: one, from: one.startIndex)
            else { return nil }
            let nameStart = one.utf8.index(one.startIndex, offsetBy: name.before.utf8.count)
            let first = min(nameStart, arguments.lowerBound)
            guard let open = one[..<first].lastIndex(of: "{"), let close = end(of: open, in: one) else { return nil }
            var calls = CallSyntax.JSONCalls(begins: [])
            if let key = key(before: name.before.dropLast()) {
                guard let argumentsKey = self.key(before: one[..<arguments.lowerBound]) else { return nil }
                (calls.nameKey, calls.argumentsKey) = (key, argumentsKey)
            } else if name.before.trimmed.hasSuffix("{\"") {
                calls.nameKey = nil
            } else {
                return nil
            }
            // A list's brackets are not the mark's, but for those that are a part of it.
            var begin = beginning(one[..<open]).text
            if begin.hasSuffix("[") { begin = begin.dropLast().trimmed }
            var end = ending(MarkupPieces(one[close...])).text
            if end.hasPrefix("]") { end = end.dropFirst().trimmed }
            calls.begins = [begin.isEmpty ? CallSyntax.pythonTag : begin]
            calls.ends = end.isEmpty ? [] : [end]
            return .json(calls)
        }

        /// Calls whose name stands outside of their arguments.
        func tagged(_ name: (before: String, behind: String)) -> CallSyntax? {
            let (before, behind) = name
            let nameEnd = one.index(one.endIndex, offsetBy: -behind.count)
            var header = CallSyntax.TaggedCalls.Header.name
            var lead = before
            if let (left, right) = before.around(Mark.ids[0]) {
                header = .idThenName(right.trimmed)
                lead = left
            }
            // What stands between the calls of an answer: the end of one, and the beginning of the next.
            func between(_ end: String) -> String? {
                guard let two, let place = two.firstRange(of: end),
                    let next = two[place.upperBound...].firstRange(of: Mark.names[1])
                else { return nil }
                let text = String(two[place.upperBound..<next.lowerBound])
                return text.around(Mark.ids[1])?.before ?? text
            }
            let first = beginning(lead)
            guard let (arguments, end, parameters, headerEnd) = parts(from: nameEnd) else { return nil }
            var middle = headerEnd
            if let (left, right) = headerEnd.around(Mark.ids[0]) {
                header = .nameThenID(left.trimmed)
                middle = right
            }
            let rest = MarkupPieces(one[end...])
            var section = OutputFormat.Span(begin: "", end: "")
            var call = OutputFormat.Span(begin: first.text, end: ending(rest).text)
            if let gap = between(String(one[arguments])).map({ MarkupPieces($0) }) {
                let begin = first.commonSuffix(gap)
                let finish = gap.dropping(suffix: begin).commonPrefix(rest)
                call = OutputFormat.Span(begin: begin.text, end: finish.text)
                section = OutputFormat.Span(
                    begin: first.dropping(suffix: begin).text, end: sectionEnd(behind: finish, rest))
            }
            guard !call.begin.isEmpty else { return nil }
            return .tagged(
                CallSyntax.TaggedCalls(
                    section: section, call: call, header: header, headerEnd: middle.trimmed, parameters: parameters))
        }

        /// What ends all calls, behind what ends the last; some templates write it only where there are several.
        private func sectionEnd(behind callEnd: MarkupPieces, _ rest: MarkupPieces) -> String {
            let mark = callEnd.pieces.joined()
            guard let two, !mark.isEmpty, let last = two.ranges(of: mark).last else {
                return ending(rest.dropping(prefix: callEnd)).text
            }
            return ending(MarkupPieces(two[last.upperBound...])).text
        }

        /// Where the arguments of the first call stand, where they end with their own marks, how they are written, and
        /// what stands between them and the name.
        private func parts(
            from nameEnd: String.Index
        ) -> (Range<String.Index>, String.Index, CallSyntax.TaggedCalls.Parameters?, String)? {
            if let arguments = object(in: one, from: nameEnd) {
                return (arguments, arguments.upperBound, nil, String(one[nameEnd..<arguments.lowerBound]))
            }
            let behind = String(one[nameEnd...])
            guard let (toKey, rest) = behind.around(Mark.keys[0]), let (separator, rest) = rest.around(Mark.text),
                let (toNext, rest) = rest.around(Mark.keys[1]), let (other, tail) = rest.around(String(Mark.number))
            else { return nil }
            let next = MarkupPieces(toNext.replacing(Mark.keys[0], with: "\u{0}"))
            let begin = MarkupPieces(toKey).commonSuffix(next)
            let end = next.dropping(suffix: begin)
            guard !begin.isBlank, !end.isBlank else { return nil }
            let (keyEnd, valueBegin) = Self.separator(separator, other)
            let parameters = CallSyntax.TaggedCalls.Parameters(
                begin: begin.text, keyEnd: keyEnd, valueBegin: valueBegin, end: end.text,
                ownLines: separator.hasSuffix("\n"))
            // The end of the second value is that of the first with another key.
            let last = MarkupPieces(tail.replacing(Mark.keys[1], with: "\u{0}"))
            let start = one.index(one.endIndex, offsetBy: -(tail.count))
            let skipped = last.commonPrefix(end).pieces.joined().replacing("\u{0}", with: Mark.keys[1])
            let close = one.index(start, offsetBy: skipped.count)
            return (nameEnd..<close, close, parameters, MarkupPieces(toKey).dropping(suffix: begin).text)
        }

        /// What ends a key and begins its value; between the two a type may stand, which differs.
        private static func separator(_ one: String, _ other: String) -> (keyEnd: String, valueBegin: String) {
            if one == other { return (one.trimmed, "") }
            let start = one.commonPrefix(with: other)
            let end = String(String(one.reversed()).commonPrefix(with: String(other.reversed())).reversed())
            let keyEnd = start.trimmed.prefix { !$0.isWhitespace }
            return (String(keyEnd), end.drop { $0.isLetter }.trimmed)
        }
    }
}

extension String {
    fileprivate func commonPrefix(with other: String) -> String {
        String(zip(self, other).prefix { $0 == $1 }.map(\.0))
    }
}
