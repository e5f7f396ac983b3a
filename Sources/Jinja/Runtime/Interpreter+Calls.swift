private import OrderedCollections

extension Interpreter {
    mutating func call(_ function: Value, _ arguments: Arguments) throws(JinjaError) -> Value {
        guard case .object(let object) = function else {
            throw function.undefinedError()
                ?? JinjaError(.type, "a value of type \(function.typeName) cannot be called")
        }
        switch object.kind {
        case .function(let function): return try call(function, arguments)
        case .macro(let index): return try call(macros[index], arguments)
        case .method(let receiver, let name): return try call(method: name, of: receiver, arguments)
        case .namespace, .loop: throw JinjaError(.type, "an object that cannot be called")
        }
    }

    private mutating func call(_ function: Function, _ arguments: Arguments) throws(JinjaError) -> Value {
        switch function {
        case .range: return try range(arguments)
        case .dict: return .dictionary(try entries(arguments, of: "dict"))
        case .namespace:
            namespaces.append(try entries(arguments, of: "namespace"))
            return .object(TemplateObject(kind: .namespace(namespaces.count - 1)))
        case .raiseException:
            try arguments.check("raise_exception", ["message"])
            let message = try text(of: try arguments.required(0, "message", of: "raise_exception"))
            // It goes to whoever asked, and into no log; still nobody reads more.
            throw JinjaError(.raised, String(message.unicodeScalars.prefix(1000)))
        case .strftimeNow:
            try arguments.check("strftime_now", ["format"])
            guard let now, let format = try arguments.text(0, "format") else {
                throw JinjaError(.type, "'strftime_now' needs a format")
            }
            return .string(try now.formatted(try scan(format)))
        }
    }

    private mutating func range(_ arguments: Arguments) throws(JinjaError) -> Value {
        var bounds: [Int] = []
        for value in arguments.positional {
            guard let bound = value.integer else {
                throw value.undefinedError()
                    ?? JinjaError(.type, "'range' takes integers, not a value of type \(value.typeName)")
            }
            bounds.append(bound)
        }
        guard (1...3).contains(bounds.count), arguments.names.isEmpty else {
            throw JinjaError(.type, "'range' takes one to three integers")
        }
        let step = bounds.count == 3 ? bounds[2] : 1
        if step == 0 { throw JinjaError(.type, "the step of a range is zero") }
        let range = Swift.stride(
            from: bounds.count == 1 ? 0 : bounds[0], to: bounds[bounds.count == 1 ? 0 : 1], by: step)
        let items = range.prefix(limits.items + 1).map(Value.integer)
        return try list(items)
    }

    /// The entries that `dict` and `namespace` take: those of a dictionary, then the named arguments.
    private mutating func entries(
        _ arguments: Arguments, of function: String
    ) throws(JinjaError) -> OrderedDictionary<Value, Value> {
        var entries: OrderedDictionary<Value, Value> = [:]
        if arguments.positional.count > 1 { throw JinjaError(.type, "'\(function)' takes at most one dictionary") }
        switch arguments.positional.first {
        case .dictionary(let items): entries = items
        case nil: break
        case let pairs?:
            for pair in try items(of: pairs) {
                let pair = try items(of: pair)
                guard pair.count == 2 else { throw JinjaError(.type, "'\(function)' takes pairs of a key and a value") }
                entries[try key(pair[0])] = pair[1]
            }
        }
        for name in arguments.names { entries[.string(name)] = arguments.keyword[name] }
        try measure(.dictionary(entries))
        return entries
    }

    private mutating func call(_ macro: DefinedMacro, _ arguments: Arguments) throws(JinjaError) -> Value {
        let definition = macro.definition
        try arguments.check(definition.name, definition.parameters.map(\.name))
        // The body sees the scopes that were there when the macro was defined, not those of its caller.
        let hidden = Array(scopes.dropFirst(macro.scopes))
        scopes.removeLast(hidden.count)
        scopes.append([:])
        defer {
            scopes.removeLast()
            scopes.append(contentsOf: hidden)
        }
        for (index, parameter) in definition.parameters.enumerated() {
            var value = arguments[index, parameter.name]
            if value == nil, let fallback = parameter.fallback { value = try evaluate(fallback) }
            scopes[scopes.count - 1][parameter.name] = value ?? .undefined("the parameter '\(parameter.name)'")
        }
        return .string(
            try capture { interpreter throws(JinjaError) in _ = try interpreter.execute(definition.body) })
    }
}
