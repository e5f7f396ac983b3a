internal import OrderedCollections

/// Runs a template's statements within limits.
struct Interpreter {
    let limits: Limits
    let now: DateTime?
    /// Names and their values; the innermost scope is last.
    var scopes: [[String: Value]]
    var macros: [DefinedMacro] = []
    var namespaces: [OrderedDictionary<Value, Value>] = []
    /// Text on its way; the innermost capture is last.
    private var outputs: [BoundedText]
    private var stepsLeft: Int
    private var depth = 0

    struct DefinedMacro: Sendable {
        let definition: Statement.Macro
        /// How many scopes its body sees besides its own.
        let scopes: Int
    }

    enum Flow {
        case normal
        case `break`
        case `continue`
    }

    init(_ context: [String: Value], limits: Limits, now: DateTime?) {
        self.limits = limits
        self.now = now
        stepsLeft = limits.steps
        outputs = [BoundedText(limit: limits.bytes)]
        var functions: [String: Value] = [:]
        for function in Function.allCases where function != .strftimeNow || now != nil {
            functions[function.rawValue] = .object(TemplateObject(kind: .function(function)))
        }
        scopes = [functions, context]
    }

    mutating func run(_ statements: [Statement]) throws(JinjaError) -> String {
        _ = try execute(statements)
        return outputs[0].text
    }

    /// Counts work that is done.
    mutating func spend(_ steps: Int = 1) throws(JinjaError) {
        stepsLeft -= steps
        if stepsLeft < 0 { throw JinjaError(.limit, "the template takes more than \(limits.steps) steps") }
    }

    /// Counts the work of copying or comparing `text`, and returns it.
    mutating func spend(on text: String) throws(JinjaError) -> String {
        try spend(text.utf8.count / 256)
        return text
    }

    /// Counts the work of looking at each scalar of `text`, and returns it.
    mutating func scan(_ text: String) throws(JinjaError) -> String {
        try spend(text.utf8.count / 8)
        return text
    }

    /// Runs `body` one level deeper.
    mutating func nested<Result>(
        _ body: (inout Interpreter) throws(JinjaError) -> Result
    ) throws(JinjaError) -> Result {
        guard depth < 2 * limits.depth else {
            throw JinjaError(.limit, "the template runs deeper than \(2 * limits.depth) levels")
        }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    mutating func write(_ value: Value) throws(JinjaError) {
        let text = try text(of: value)
        try outputs[outputs.count - 1].append(text)
    }

    /// The text that `body` writes.
    mutating func capture(
        _ body: (inout Interpreter) throws(JinjaError) -> Void
    ) throws(JinjaError) -> String {
        outputs.append(BoundedText(limit: limits.bytes))
        defer { outputs.removeLast() }
        try body(&self)
        return outputs[outputs.count - 1].text
    }

    mutating func lookUp(_ name: String) throws(JinjaError) -> Value {
        try spend(scopes.count / 8)
        for scope in scopes.reversed() {
            if let value = scope[name] { return value }
        }
        return .undefined("'\(name)'")
    }

    /// The text of a value, as `str` gives it.
    mutating func text(of value: Value) throws(JinjaError) -> String {
        if case .string(let text) = value { return try spend(on: text) }
        var output = BoundedText(limit: limits.bytes)
        try value.write(to: &output)
        return try scan(output.text)
    }

    /// A list of `items`, when it is not too long or too deep.
    mutating func list(_ items: [Value]) throws(JinjaError) -> Value { .list(try bounded(items)) }

    /// A value that was made just now, when it is not too long a text.
    func bounded(_ value: Value) throws(JinjaError) -> Value {
        if case .string(let text) = value, text.utf8.count > limits.bytes {
            throw JinjaError(.limit, "a text of more than \(limits.bytes) bytes")
        }
        return value
    }

    mutating func bounded(_ items: [Value]) throws(JinjaError) -> [Value] {
        guard items.count <= limits.items else { throw JinjaError(.limit, "a list of more than \(limits.items) items") }
        try spend(items.count)
        return items
    }

    /// Counts all that is within `value`, which must not nest too deep: to compare, write or free it goes down as far.
    mutating func measure(_ value: Value, level: Int = 0) throws(JinjaError) {
        try spend()
        guard level <= limits.depth else {
            throw JinjaError(.limit, "a value nests deeper than \(limits.depth) levels")
        }
        switch value {
        case .list(let items), .tuple(let items):
            for item in items { try measure(item, level: level + 1) }
        case .dictionary(let items):
            for (key, item) in items {
                try measure(key, level: level + 1)
                try measure(item, level: level + 1)
            }
        case .string(let text): try spend(text.utf8.count / 256)
        case .object(let object):
            switch object.kind {
            case .method(let receiver, _): try measure(receiver, level: level + 1)
            case .loop(let loop): for item in loop.items { try measure(item, level: level + 1) }
            case .function, .macro, .namespace: break
            }
        case .undefined, .none, .boolean, .integer, .float: break
        }
    }
}
