private import OrderedCollections

extension Interpreter {
    mutating func execute(_ statements: [Statement]) throws(JinjaError) -> Flow {
        try nested { interpreter throws(JinjaError) in
            for statement in statements {
                do throws(JinjaError) {
                    let flow = try interpreter.execute(statement)
                    if flow != .normal { return flow }
                } catch {
                    throw error.at(statement.line)
                }
            }
            return .normal
        }
    }

    private mutating func execute(_ statement: Statement) throws(JinjaError) -> Flow {
        try spend()
        switch statement.kind {
        case .text(let text): try write(.string(text))
        case .output(let expression): try write(try evaluate(expression))
        case .assign(let target, let expression): try assign(try evaluate(expression), to: target)
        case .capture(let target, let filters, let body):
            try assign(try filtered(body, by: filters), to: target)
        case .filter(let filters, let body): try write(try filtered(body, by: filters))
        case .branch(let branches, let otherwise):
            for branch in branches {
                if try evaluate(branch.condition).isTrue { return try execute(branch.body) }
            }
            return try execute(otherwise)
        case .loop(let loop): try run(loop)
        case .macro(let definition):
            macros.append(DefinedMacro(definition: definition, scopes: scopes.count))
            scopes[scopes.count - 1][definition.name] = .object(TemplateObject(kind: .macro(macros.count - 1)))
        case .block(let body): return try execute(body)
        case .break: return .break
        case .continue: return .continue
        }
        return .normal
    }

    private mutating func filtered(
        _ body: [Statement], by filters: [Expression.Application]
    ) throws(JinjaError) -> Value {
        scopes.append([:])
        defer { scopes.removeLast() }
        var value = Value.string(
            try capture { interpreter throws(JinjaError) in _ = try interpreter.execute(body) })
        for filter in filters {
            value = try apply(filter: filter.name, to: value, try evaluate(filter.arguments))
        }
        return value
    }

    private mutating func assign(_ value: Value, to target: Target) throws(JinjaError) {
        switch target {
        case .name(let name): scopes[scopes.count - 1][name] = value
        case .attribute(let name, let attribute):
            guard case .object(let object) = try lookUp(name), case .namespace(let index) = object.kind else {
                throw JinjaError(.type, "cannot assign to an attribute of '\(name)', which is no namespace")
            }
            try measure(value)
            namespaces[index][.string(attribute)] = value
        case .tuple(let targets):
            let items = try items(of: value)
            guard items.count == targets.count else {
                throw JinjaError(.type, "cannot unpack \(items.count) values into \(targets.count) names")
            }
            for (item, target) in zip(items, targets) { try assign(item, to: target) }
        }
    }

    private mutating func run(_ loop: Statement.Loop) throws(JinjaError) {
        let items = try items(of: loop)
        if items.isEmpty {
            scopes.append([:])
            defer { scopes.removeLast() }
            _ = try execute(loop.otherwise)
        }
        for (index, item) in items.enumerated() {
            scopes.append([:])
            defer { scopes.removeLast() }
            try assign(item, to: loop.target)
            let state = LoopState(index: index, items: items)
            scopes[scopes.count - 1]["loop"] = .object(TemplateObject(kind: .loop(state)))
            if try execute(loop.body) == .break { break }
        }
    }

    /// What a loop goes over: the items that its condition holds for.
    private mutating func items(of loop: Statement.Loop) throws(JinjaError) -> [Value] {
        let items = try items(of: try evaluate(loop.items))
        guard let condition = loop.condition else { return items }
        var kept: [Value] = []
        for item in items {
            scopes.append([:])
            defer { scopes.removeLast() }
            try assign(item, to: loop.target)
            if try evaluate(condition).isTrue { kept.append(item) }
        }
        return kept
    }

    /// What iterating over a value gives.
    mutating func items(of value: Value) throws(JinjaError) -> [Value] {
        switch value {
        case .list(let items), .tuple(let items):
            try spend(items.count)
            return items
        case .dictionary(let items): return try bounded(Array(items.keys))
        case .string(let text):
            guard text.scalarCount <= limits.items else {
                throw JinjaError(.limit, "a list of more than \(limits.items) items")
            }
            return try bounded(text.unicodeScalars.map { .string(String($0)) })
        case .undefined: return []
        default: throw JinjaError(.type, "a value of type \(value.typeName) is not iterable")
        }
    }
}
