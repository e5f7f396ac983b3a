private import OrderedCollections

extension Interpreter {
    mutating func evaluate(_ expression: Expression) throws(JinjaError) -> Value {
        try spend()
        do throws(JinjaError) {
            return try nested { interpreter throws(JinjaError) in try interpreter.evaluate(expression.kind) }
        } catch {
            throw error.at(expression.line)
        }
    }

    private mutating func evaluate(_ kind: Expression.Kind) throws(JinjaError) -> Value {
        switch kind {
        case .constant(let value): return value
        case .name(let name): return try lookUp(name)
        case .list(let items): return try container(.list(try values(of: items)))
        case .tuple(let items): return try container(.tuple(try values(of: items)))
        case .dictionary(let pairs): return try dictionary(pairs)
        case .attribute(let object, let name):
            let value = try evaluate(object)
            return try attribute(name, of: value)
        case .item(let object, let index): return try item(try evaluate(index), of: try evaluate(object))
        case .slice(let object, let start, let stop, let step):
            return try slice(try evaluate(object), try bound(start), try bound(stop), try bound(step))
        case .call(let function, let arguments):
            return try bounded(try call(try evaluate(function), try evaluate(arguments)))
        case .filter(let value, let filter):
            return try bounded(
                try apply(filter: filter.name, to: try evaluate(value), try evaluate(filter.arguments)))
        case .test(let value, let test):
            return .boolean(try apply(test: test.name, to: try evaluate(value), try evaluate(test.arguments)))
        case .not(let operand): return .boolean(!(try evaluate(operand).isTrue))
        case .sign(let operand, let isNegative): return try signed(try evaluate(operand), isNegative: isNegative)
        case .arithmetic(let left, let symbol, let right):
            var (first, second) = (try evaluate(left), try evaluate(right))
            if symbol == .add, case .string = first, case .string = second, left.isMarkup != right.isMarkup {
                if left.isMarkup {
                    second = try apply(filter: "escape", to: second, Arguments())
                } else {
                    first = try apply(filter: "escape", to: first, Arguments())
                }
            }
            return try arithmetic(first, symbol, second)
        case .concatenation(let parts): return try concatenation(parts)
        case .comparison(let left, let comparisons): return .boolean(try compare(left, comparisons))
        case .and(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? try evaluate(right) : value
        case .or(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? value : try evaluate(right)
        case .conditional(let then, let condition, let otherwise):
            if try evaluate(condition).isTrue { return try evaluate(then) }
            guard let otherwise else { return .undefined("the value of an 'if' without 'else'") }
            return try evaluate(otherwise)
        }
    }

    private mutating func values(of expressions: [Expression]) throws(JinjaError) -> [Value] {
        var values: [Value] = []
        for expression in expressions { values.append(try evaluate(expression)) }
        return values
    }

    mutating func evaluate(_ arguments: Expression.Arguments) throws(JinjaError) -> Arguments {
        var keyword: [String: Value] = [:]
        var names: [String] = []
        for argument in arguments.keyword {
            guard keyword.updateValue(try evaluate(argument.value), forKey: argument.name) == nil else {
                throw JinjaError(.type, "the argument '\(argument.name)' is given twice")
            }
            names.append(argument.name)
        }
        return Arguments(positional: try values(of: arguments.positional), keyword: keyword, names: names)
    }

    /// A container that was made just now, when it is neither too deep nor too large.
    private mutating func container(_ value: Value) throws(JinjaError) -> Value {
        try measure(value)
        return value
    }

    private mutating func dictionary(_ pairs: [Expression.Pair]) throws(JinjaError) -> Value {
        var items: OrderedDictionary<Value, Value> = [:]
        for pair in pairs {
            let key = try key(try evaluate(pair.key))
            items[key] = try evaluate(pair.value)
        }
        return try container(.dictionary(items))
    }

    /// A value that shall be a key; to hash it goes down as far as it is.
    mutating func key(_ value: Value) throws(JinjaError) -> Value {
        guard value.isHashable else { throw JinjaError(.type, "a value of type \(value.typeName) cannot be a key") }
        try measure(value)
        return value
    }

    private mutating func concatenation(_ parts: [Expression]) throws(JinjaError) -> Value {
        var text = BoundedText(limit: limits.bytes)
        for part in parts { try text.append(try self.text(of: try evaluate(part))) }
        return .string(text.text)
    }

    /// A method of the value comes before an entry of the same name, as in Jinja.
    func attribute(_ name: String, of value: Value) throws(JinjaError) -> Value {
        if let error = value.undefinedError() { throw error }
        if isMethod(name, of: value) { return .object(TemplateObject(kind: .method(value, name))) }
        return entry(.string(name), of: value) ?? .undefined("'\(name)' of a value of type \(value.typeName)")
    }

    mutating func item(_ index: Value, of value: Value) throws(JinjaError) -> Value {
        if let error = value.undefinedError() { throw error }
        switch (value, index.integer) {
        case (.list(let items), let index?), (.tuple(let items), let index?):
            let position = index < 0 ? index + items.count : index
            return items.indices.contains(position) ? items[position] : .undefined("item \(index)")
        case (.string(let text), let index?):
            let scalars = Array(try scan(text).unicodeScalars)
            let position = index < 0 ? index + scalars.count : index
            return scalars.indices.contains(position) ? .string(String(scalars[position])) : .undefined("item \(index)")
        default: break
        }
        try measure(index)
        if let entry = entry(index, of: value) { return entry }
        if case .string(let name) = index { return try attribute(name, of: value) }
        return .undefined("an item of a value of type \(value.typeName)")
    }

    /// The entry of a dictionary, namespace or loop.
    private func entry(_ key: Value, of value: Value) -> Value? {
        switch value {
        case .dictionary(let items): return key.isHashable ? items[key] : nil
        case .object(let object):
            switch object.kind {
            case .namespace(let index): return namespaces[index][key]
            case .loop(let loop):
                guard case .string(let name) = key else { return nil }
                return loop.attribute(name)
            case .macro(let index): return key == "name" ? .string(macros[index].definition.name) : nil
            case .function, .method: return nil
            }
        default: return nil
        }
    }
}
