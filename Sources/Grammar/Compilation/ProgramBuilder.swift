/// Turns expressions into the nodes of a program, from their ends to their beginnings.
struct ProgramBuilder {
    private typealias Node = GrammarProgram.Node

    /// Chosen: deeper than front ends let their sources nest; the builder calls itself for what is nested.
    private static let depthLimit = 1024
    /// Chosen: what is larger than a character class and is written several times becomes a rule, so that repetitions
    /// of repetitions do not multiply.
    private static let inlineWeight = 12

    private var program = GrammarProgram()
    private var names: [String]
    private var ruleOf: [String: GrammarProgram.Rule]
    private var bodies: [GrammarExpression]
    private var depth = 0

    /// - Throws: `GrammarError` for a rule that is not there, left recursion, what no text satisfies, and what is too
    ///   large.
    static func program(
        _ start: GrammarExpression, _ rules: [String: GrammarExpression]
    ) throws(GrammarError) -> GrammarProgram {
        var builder = ProgramBuilder(start, rules)
        return try builder.build()
    }

    private init(_ start: GrammarExpression, _ rules: [String: GrammarExpression]) {
        // In the order of their names, so that equal grammars become equal programs.
        let sorted = rules.sorted { $0.key < $1.key }
        // Names that front ends do not give: the grammar, and the grammar in a text whose first space is not its own.
        names = ["", " "] + sorted.map(\.key)
        bodies = [start, .sequence([.optional(.text(" ")), .rule("")])] + sorted.map(\.value)
        ruleOf = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
    }

    private mutating func build() throws(GrammarError) -> GrammarProgram {
        var next = 0
        while next < bodies.count {
            let entry = try compile(bodies[next], before: GrammarProgram.end)
            program.entries.append(entry)
            next += 1
        }
        try program.finish(names)
        return program
    }

    /// The node where `expression` begins, which goes on at `next`.
    private mutating func compile(_ expression: GrammarExpression, before next: Node) throws(GrammarError) -> Node {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.depthLimit else { throw GrammarError("it is nested too deeply") }
        switch expression {
        case .literal(let bytes):
            var node = next
            for byte in bytes.reversed() { node = try program.append(.byte(byte...byte, next: node)) }
            return node
        case .character(let set):
            var starts: [Node] = []
            for sequence in set.byteRanges {
                var node = next
                for range in sequence.reversed() { node = try program.append(.byte(range, next: node)) }
                starts.append(node)
            }
            return starts.count == 1 ? starts[0] : try program.appendSplit(starts)
        case .sequence(let parts):
            var node = next
            for part in parts.reversed() { node = try compile(part, before: node) }
            return node
        case .choice(let alternatives):
            var starts: [Node] = []
            for alternative in alternatives { starts.append(try compile(alternative, before: next)) }
            return try program.appendSplit(starts)
        case .repeated(let part, let min, let max): return try compile(part, min, max, before: next)
        case .list(let elements, let separator): return try compile(elements, separator, before: next)
        case .rule(let name):
            guard let rule = ruleOf[name] else { throw GrammarError("the rule '\(name)' is not defined") }
            return try program.append(.call(rule, next: next))
        }
    }

    private mutating func compile(
        _ part: GrammarExpression, _ min: Int, _ max: Int?, before next: Node
    ) throws(GrammarError) -> Node {
        guard max.map({ $0 >= min }) ?? true else { return try program.appendSplit([]) }
        let part = shared(part, copies: max ?? min + 1)
        var node = next
        if let max {
            for _ in min..<max { node = try program.appendSplit([try compile(part, before: node), next]) }
        } else {
            node = try program.appendOpenSplit()
            program.close(node, try compile(part, before: node), next)
        }
        for _ in 0..<min { node = try compile(part, before: node) }
        return node
    }

    /// Two ways lead to each element: one where the list has begun, by the separator, and one where it has not.
    private mutating func compile(
        _ elements: [GrammarExpression.ListElement], _ separator: GrammarExpression, before next: Node
    ) throws(GrammarError) -> Node {
        let separator = shared(separator, copies: elements.count + 1)
        var (begun, fresh) = (next, next)
        for element in elements.reversed() {
            guard element.max.map({ $0 >= element.min }) ?? true else { return try program.appendSplit([]) }
            let part = shared(element.expression, copies: element.max ?? element.min + 1)
            let after = (begun: begun, fresh: fresh)
            if let max = element.max {
                for count in stride(from: max, to: 0, by: -1) {
                    let start = try compile(part, before: begun)
                    let separated = try compile(separator, before: start)
                    begun = count > element.min ? try program.appendSplit([separated, after.begun]) : separated
                    fresh = start
                }
                if element.min == 0, max > 0 { fresh = try program.appendSplit([fresh, after.fresh]) }
            } else {
                let more = try program.appendOpenSplit()
                var start = try compile(part, before: more)
                program.close(more, try compile(separator, before: start), after.begun)
                begun = more
                for _ in 1..<Swift.max(element.min, 1) {
                    start = try compile(part, before: try compile(separator, before: start))
                }
                if element.min > 0 { begun = try compile(separator, before: start) }
                fresh = element.min > 0 ? start : try program.appendSplit([start, after.fresh])
            }
        }
        return fresh
    }

    /// A call of a rule in the place of what would be written out several times.
    private mutating func shared(_ expression: GrammarExpression, copies: Int) -> GrammarExpression {
        guard copies > 1, Self.weight(expression, limit: Self.inlineWeight) >= Self.inlineWeight else {
            return expression
        }
        let name = " \(names.count)"
        ruleOf[name] = Int32(names.count)
        names.append(name)
        bodies.append(expression)
        return .rule(name)
    }

    /// About how many nodes an expression takes, `limit` for all that take more.
    private static func weight(_ expression: GrammarExpression, limit: Int) -> Int {
        guard limit > 0 else { return 0 }
        func sum(_ parts: some Sequence<GrammarExpression>) -> Int {
            var total = 0
            for part in parts where total < limit { total += weight(part, limit: limit - total) }
            return min(total, limit)
        }
        switch expression {
        case .literal(let bytes): return min(bytes.count, limit)
        case .character(let set): return min(set.ranges.last.map { $0.upperBound < 0x80 } ?? true ? 1 : 16, limit)
        case .sequence(let parts): return sum(parts)
        case .choice(let parts): return min(sum(parts) + 1, limit)
        case .repeated(let part, let min, let max):
            let copies = Swift.max(1, Swift.min(max ?? min + 1, limit))
            return Swift.min(weight(part, limit: limit).multipliedReportingOverflow(by: copies).partialValue, limit)
        case .list(let elements, let separator): return sum(elements.map(\.expression) + [separator])
        case .rule: return 1
        }
    }
}
