/// The arguments of a call.
struct Arguments {
    var positional: [Value] = []
    var keyword: [String: Value] = [:]
    /// The names in the order of the call.
    var names: [String] = []

    /// The argument at `index`, or by `name`.
    subscript(index: Int, name: String) -> Value? {
        positional.indices.contains(index) ? positional[index] : keyword[name]
    }

    func text(_ index: Int, _ name: String) throws(JinjaError) -> String? {
        guard let value = self[index, name], value != .none else { return nil }
        guard case .string(let text) = value else {
            throw JinjaError(.type, "the argument '\(name)' is a \(value.typeName), not a string")
        }
        return text
    }

    func integer(_ index: Int, _ name: String) throws(JinjaError) -> Int? {
        guard let value = self[index, name], value != .none else { return nil }
        guard let integer = value.integer else {
            throw JinjaError(.type, "the argument '\(name)' is a \(value.typeName), not an integer")
        }
        return integer
    }

    func flag(_ index: Int, _ name: String) -> Bool { self[index, name]?.isTrue ?? false }

    /// - Throws: `JinjaError.Kind.type` when more arguments are given than `function` takes.
    func check(_ function: String, _ parameters: [String]) throws(JinjaError) {
        if positional.count > parameters.count {
            throw JinjaError(.type, "'\(function)' takes at most \(parameters.count) arguments")
        }
        if let name = names.first(where: { !parameters.contains($0) }) {
            throw JinjaError(.type, "'\(function)' has no argument '\(name)'")
        }
        if let name = parameters.prefix(positional.count).first(where: { keyword[$0] != nil }) {
            throw JinjaError(.type, "the argument '\(name)' of '\(function)' is given twice")
        }
    }

    /// The first argument, without which `function` cannot be.
    func required(_ index: Int, _ name: String, of function: String) throws(JinjaError) -> Value {
        guard let value = self[index, name] else {
            throw JinjaError(.type, "'\(function)' needs the argument '\(name)'")
        }
        return value
    }

    /// All but the first `count` positional arguments.
    func dropping(_ count: Int) -> Arguments {
        Arguments(positional: Array(positional.dropFirst(count)), keyword: keyword, names: names)
    }
}
