/// A compiled grammar: nodes that read bytes, call rules and end them; an automaton of finite states for each rule, and
/// together one with a stack.
struct GrammarProgram: Sendable {
    /// The name of a node.
    typealias Node = Int32
    typealias Rule = Int32

    enum Instruction: Sendable {
        case byte(ClosedRange<UInt8>, next: Node)
        /// Goes on at all of `targets[range]`.
        case split(Range<Int32>)
        case call(Rule, next: Node)
        /// The rule is over.
        case end
    }

    /// The only node that ends rules.
    static let end: Node = 0

    private(set) var instructions: [Instruction] = [.end]
    private(set) var targets: [Node] = []
    /// Where each rule begins.
    var entries: [Node] = []
    /// Nodes from which their rule's end can be reached; the others are dead ends, into which nothing goes.
    private(set) var isLive: [Bool] = []
    /// The class of each byte: those of one class are read alike everywhere.
    private(set) var byteClasses = [UInt8](repeating: 0, count: 256)
    private(set) var classCount = 1

    /// Chosen: 2 MB of nodes; a schema of 256 KB has about so many.
    static let nodeLimit = 1 << 18

    mutating func append(_ instruction: Instruction) throws(GrammarError) -> Node {
        guard instructions.count < Self.nodeLimit else {
            throw GrammarError("it is too large: repetitions are written out, and make more than 262,144 states")
        }
        instructions.append(instruction)
        return Node(instructions.count - 1)
    }

    mutating func appendSplit(_ nodes: [Node]) throws(GrammarError) -> Node {
        let start = Int32(targets.count)
        targets += nodes
        return try append(.split(start..<Int32(targets.count)))
    }

    /// A split of two whose targets are set later.
    mutating func appendOpenSplit() throws(GrammarError) -> Node { try appendSplit([Self.end, Self.end]) }

    mutating func close(_ split: Node, _ first: Node, _ second: Node) {
        guard case .split(let range) = instructions[Int(split)] else { preconditionFailure("no split") }
        targets[Int(range.lowerBound)] = first
        targets[Int(range.lowerBound) + 1] = second
    }

    /// Finds dead ends and classes of bytes, and refuses what cannot be worked with.
    ///
    /// - Parameter names: of the rules, for messages.
    mutating func finish(_ names: [String]) throws(GrammarError) {
        isLive = reachingEnd(throughBytes: true)
        guard isLive[Int(entries[0])] else { throw GrammarError("no text satisfies it") }
        try refuseLeftRecursion(names)
        var begins = [Bool](repeating: false, count: 257)
        for case .byte(let range, _) in instructions {
            begins[Int(range.lowerBound)] = true
            begins[Int(range.upperBound) + 1] = true
        }
        for byte in 1..<256 { byteClasses[byte] = byteClasses[byte - 1] + (begins[byte] ? 1 : 0) }
        classCount = Int(byteClasses[255]) + 1
    }

    /// Nodes from which the end of their rule can be reached, or without `throughBytes` with no byte between.
    ///
    /// - Complexity: O(nodes + edges).
    private func reachingEnd(throughBytes: Bool) -> [Bool] {
        var before = [[Node]](repeating: [], count: instructions.count)
        var callers = [[Node]](repeating: [], count: entries.count)
        var rulesAt: [Node: [Rule]] = [:]
        for (rule, entry) in entries.enumerated() { rulesAt[entry, default: []].append(Rule(rule)) }
        for (node, instruction) in instructions.enumerated() {
            switch instruction {
            case .byte(_, let next): if throughBytes { before[Int(next)].append(Node(node)) }
            case .split(let range): for target in targets(range) { before[Int(target)].append(Node(node)) }
            case .call(let rule, let next):
                before[Int(next)].append(Node(node))
                callers[Int(rule)].append(Node(node))
            case .end: break
            }
        }
        var reaches = [Bool](repeating: false, count: instructions.count)
        var pending = [Self.end]
        while let node = pending.popLast() {
            guard !reaches[Int(node)] else { continue }
            if case .call(let rule, let next) = instructions[Int(node)],
                !reaches[Int(next)] || !reaches[Int(entries[Int(rule)])]
            {
                continue
            }
            reaches[Int(node)] = true
            pending += before[Int(node)]
            for rule in rulesAt[node] ?? [] { pending += callers[Int(rule)] }
        }
        return reaches
    }

    func targets(_ range: Range<Int32>) -> ArraySlice<Node> { targets[Int(range.lowerBound)..<Int(range.upperBound)] }

    /// A rule that begins with itself would be called without end.
    private func refuseLeftRecursion(_ names: [String]) throws(GrammarError) {
        let isNullable = reachingEnd(throughBytes: false)
        let begins = entries.map { entry in
            reachable(from: [entry]) { rule in isNullable[Int(entries[Int(rule)])] }.compactMap { node -> Rule? in
                if case .call(let rule, _) = instructions[Int(node)] { rule } else { nil }
            }
        }
        // Rules that nothing in the rest begins with go first; what is left goes around.
        var callers = [Int](repeating: 0, count: entries.count)
        for rule in begins.joined() { callers[Int(rule)] += 1 }
        var pending = entries.indices.filter { callers[$0] == 0 }
        var left = Set(entries.indices)
        while let rule = pending.popLast() {
            left.remove(rule)
            for next in begins[rule] {
                callers[Int(next)] -= 1
                if callers[Int(next)] == 0 { pending.append(Int(next)) }
            }
        }
        guard let rule = left.min() else { return }
        throw GrammarError("the rule '\(names[rule])' begins with itself: left recursion is not supported")
    }

    /// The live nodes that are reached without reading a byte, in order, splits left out.
    ///
    /// - Parameter passes: whether a call of a rule may be stepped over.
    func reachable(from nodes: [Node], passing passes: (Rule) -> Bool = { _ in false }) -> [Node] {
        var (seen, found, pending) = (Set<Node>(), [Node](), nodes)
        while let node = pending.popLast() {
            guard isLive[Int(node)], seen.insert(node).inserted else { continue }
            switch instructions[Int(node)] {
            case .split(let range): pending += targets(range)
            case .call(let rule, let next):
                found.append(node)
                if passes(rule) { pending.append(next) }
            case .byte, .end: found.append(node)
            }
        }
        return found.sorted()
    }
}
