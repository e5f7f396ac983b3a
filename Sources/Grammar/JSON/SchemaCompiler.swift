/// Where spaces may stand in generated JSON, outside of strings.
package enum JSONWhitespace: Hashable, Sendable {
    /// Nowhere.
    case none
    /// One space, or a new line and its indentation, between any two parts; bounded, so that a model does not go on
    /// with spaces for ever.
    case flexible
}

extension GrammarDefinition {
    /// JSON that satisfies a schema: the keywords of `docs/structured-output.md`.
    ///
    /// Properties come in the order of the schema; those of `required` that it does not have, and others where they are
    /// allowed, after them.
    ///
    /// - Throws: `GrammarError` with a JSON pointer to what is no schema, or not supported.
    package static func jsonSchema(
        _ schema: String, whitespace: JSONWhitespace = .flexible
    ) throws(GrammarError) -> GrammarDefinition {
        try jsonSchema(try JSONTree(schema), whitespace: whitespace)
    }

    package static func jsonSchema(
        _ schema: JSONTree, whitespace: JSONWhitespace = .flexible
    ) throws(GrammarError) -> GrammarDefinition {
        var compiler = SchemaCompiler(schema, whitespace)
        return try compiler.definition()
    }

    /// Any object of JSON.
    package static func jsonObject(whitespace: JSONWhitespace = .flexible) -> GrammarDefinition {
        var compiler = SchemaCompiler(.bool(true), whitespace)
        return compiler.anyObject()
    }
}

/// Makes a schema the rules of a grammar: each type an expression, each reference a rule.
struct SchemaCompiler {
    /// Chosen: merged alternatives multiply; a schema that is written out has far fewer parts.
    private static let partLimit = 20_000
    /// Chosen: references that are merged into what stands beside them may go in circles.
    private static let mergeDepthLimit = 64

    let root: JSONTree
    let whitespace: JSONWhitespace
    private var rules: [String: GrammarExpression]
    /// References that have a rule's name, and are still to be compiled.
    private var pending: [(reference: String, schema: JSONTree)] = []
    private var parts = 0
    private var mergeDepth = 0

    init(_ root: JSONTree, _ whitespace: JSONWhitespace) {
        self.root = root
        self.whitespace = whitespace
        rules = JSONGrammar.rules(whitespace)
    }

    mutating func definition() throws(GrammarError) -> GrammarDefinition {
        let start = try value(root, at: "#")
        while let (reference, schema) = pending.popLast() { rules[reference] = try value(schema, at: reference) }
        return GrammarDefinition(start, rules: rules)
    }

    mutating func anyObject() -> GrammarDefinition { GrammarDefinition(.rule(JSONGrammar.object), rules: rules) }

    // MARK: Schemas

    /// The values of a schema.
    mutating func value(_ schema: JSONTree, at place: String) throws(GrammarError) -> GrammarExpression {
        try count(at: place)
        switch schema {
        case .bool(let isAllowed): return isAllowed ? .rule(JSONGrammar.value) : .never
        case .object(let members): return try value(members, at: place)
        default: throw GrammarError("a schema must be an object or a boolean, not \(schema.typeName)", at: place)
        }
    }

    private mutating func value(_ schema: JSONMembers, at place: String) throws(GrammarError) -> GrammarExpression {
        let schema = try checked(schema, at: place)
        if case .string(let reference)? = schema["$ref"], schema.names.count == 1 {
            return try rule(of: reference, at: place)
        }
        if schema["allOf"] != nil || schema["$ref"] != nil { return try merged(schema, at: place) }
        for keyword in ["anyOf", "oneOf"] {
            guard let branches = schema[keyword] else { continue }
            let branchPlace = "\(place)/\(keyword)"
            guard case .array(let branches) = branches, !branches.isEmpty else {
                throw GrammarError("must be an array of schemas", at: branchPlace)
            }
            var rest = schema
            rest[keyword] = nil
            var choices: [GrammarExpression] = []
            for (index, branch) in branches.enumerated() {
                let place = "\(branchPlace)/\(index)"
                let both = rest.isEmpty ? branch : try merge(.object(rest), branch, at: place)
                choices.append(try value(both, at: place))
            }
            return .choice(choices)
        }
        return try typed(schema, at: place)
    }

    /// What stands under a type, once references and combinations are resolved.
    private mutating func typed(_ schema: JSONMembers, at place: String) throws(GrammarError) -> GrammarExpression {
        let types = try SchemaType.all(of: schema, at: place)
        if let expression = try constants(of: schema, types, at: place) { return expression }
        var choices: [GrammarExpression] = []
        for type in types {
            switch type {
            case .null: choices.append(.text("null"))
            case .boolean: choices.append(.choice([.text("true"), .text("false")]))
            case .integer, .number:
                choices.append(try number(schema, isInteger: type == .integer, at: place))
            case .string: choices.append(try string(schema, at: place))
            case .array: choices.append(try array(schema, at: place))
            case .object: choices.append(try object(schema, at: place))
            }
        }
        if choices.count == 7, schema.isEmpty { return .rule(JSONGrammar.value) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    /// The values of `enum` or `const`; `nil` where there is neither.
    private func constants(
        of schema: JSONMembers, _ types: [SchemaType], at place: String
    ) throws(GrammarError) -> GrammarExpression? {
        guard
            var values = try schema["enum"].map({ value throws(GrammarError) -> [JSONTree] in
                guard case .array(let values) = value else {
                    throw GrammarError("must be an array", at: "\(place)/enum")
                }
                return values
            }) ?? schema["const"].map({ [$0] })
        else { return nil }
        let others = schema.names.filter { !["enum", "const", "type"].contains($0) }
        if let other = others.first {
            throw GrammarError("'\(other)' is not supported beside 'enum' or 'const'", at: place)
        }
        if schema["enum"] != nil, let constant = schema["const"] { values.removeAll { $0.text != constant.text } }
        return .choice(
            values.filter { value in types.contains { $0.has(value) } }.map { JSONGrammar.constant($0, whitespace) })
    }

    /// The schema without annotations.
    ///
    /// - Throws: `GrammarError` for keywords that restrict values and are not supported. Names that JSON Schema does
    ///   not have are annotations, as it says.
    private func checked(_ schema: JSONMembers, at place: String) throws(GrammarError) -> JSONMembers {
        let known = SchemaKeywords.ofObjects.union(SchemaKeywords.ofArrays).union(SchemaKeywords.ofStrings)
            .union(SchemaKeywords.ofNumbers).union(["$ref", "allOf", "anyOf", "oneOf", "enum", "const", "type"])
        var result = JSONMembers()
        for (name, value) in schema.pairs {
            if SchemaKeywords.unsupported.contains(name), !SchemaKeywords.isIdle(name, value) {
                throw GrammarError("the keyword '\(name)' is not supported", at: place)
            }
            if known.contains(name) { result[name] = value }
        }
        if case .bool(true)? = schema["nullable"] {
            throw GrammarError("the keyword 'nullable' is not of JSON Schema: give 'null' as a type", at: place)
        }
        return result
    }

    // MARK: References and combinations

    private mutating func rule(of reference: String, at place: String) throws(GrammarError) -> GrammarExpression {
        if rules[reference] == nil {
            let schema = try resolve(reference, at: place)
            // Known from now on, as the schema may refer to itself.
            rules[reference] = .never
            pending.append((reference, schema))
        }
        return .rule(reference)
    }

    private func resolve(_ reference: String, at place: String) throws(GrammarError) -> JSONTree {
        guard reference == "#" || reference.hasPrefix("#/") else {
            throw GrammarError("'$ref' must point into the same schema, as in '#/$defs/name'", at: place)
        }
        var tree = root
        for token in reference.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let name = JSONPointer.unescaped(token)
            switch tree {
            case .object(let members): tree = members[name] ?? .null
            case .array(let elements):
                guard let index = Int(name), elements.indices.contains(index) else { fallthrough }
                tree = elements[index]
            default: tree = .null
            }
            if case .null = tree { throw GrammarError("'$ref' points to nothing: \(reference)", at: place) }
        }
        return tree
    }

    /// `allOf` and `$ref` become one schema with what stands beside them.
    private mutating func merged(_ schema: JSONMembers, at place: String) throws(GrammarError) -> GrammarExpression {
        mergeDepth += 1
        defer { mergeDepth -= 1 }
        guard mergeDepth <= Self.mergeDepthLimit else {
            throw GrammarError("'allOf' and '$ref' go in circles", at: place)
        }
        var rest = schema
        (rest["allOf"], rest["$ref"]) = (nil, nil)
        var whole = JSONTree.object(rest)
        if let reference = schema["$ref"] { whole = try merge(whole, try target(reference, at: place), at: place) }
        if let all = schema["allOf"] {
            guard case .array(let all) = all, !all.isEmpty else {
                throw GrammarError("must be an array of schemas", at: "\(place)/allOf")
            }
            for (index, one) in all.enumerated() { whole = try merge(whole, one, at: "\(place)/allOf/\(index)") }
        }
        return try value(whole, at: place)
    }

    private func target(_ reference: JSONTree, at place: String) throws(GrammarError) -> JSONTree {
        guard case .string(let reference) = reference else {
            throw GrammarError("must be a string", at: "\(place)/$ref")
        }
        return try resolve(reference, at: place)
    }

    /// - Parameter a: a schema without a reference.
    private mutating func merge(_ a: JSONTree, _ b: JSONTree, at place: String) throws(GrammarError) -> JSONTree {
        try count(at: place)
        guard case .object(let members) = b else { return try SchemaMerge.merged(a, b, at: place) }
        var rest = try checked(members, at: place)
        guard let reference = rest["$ref"] else { return try SchemaMerge.merged(a, .object(rest), at: place) }
        mergeDepth += 1
        defer { mergeDepth -= 1 }
        guard mergeDepth <= Self.mergeDepthLimit else {
            throw GrammarError("'allOf' and '$ref' go in circles", at: place)
        }
        rest["$ref"] = nil
        let whole = try merge(a, try target(reference, at: place), at: place)
        return try SchemaMerge.merged(whole, .object(rest), at: place)
    }

    private mutating func count(at place: String) throws(GrammarError) {
        parts += 1
        guard parts <= Self.partLimit else {
            throw GrammarError(
                "the schema has more than \(Self.partLimit) parts, as combinations are written out", at: place)
        }
    }
}

enum JSONPointer {
    static func unescaped(_ token: Substring) -> String {
        var text = ""
        var rest = token[...]
        while let character = rest.popFirst() {
            if character == "~", let next = rest.first, next == "0" || next == "1" {
                rest.removeFirst()
                text.append(next == "0" ? "~" : "/")
            } else {
                text.append(character)
            }
        }
        return text
    }

    static func escaped(_ name: String) -> String {
        String(name.flatMap { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) })
    }
}

/// The types of JSON Schema.
enum SchemaType: String, CaseIterable {
    case null, boolean, integer, number, string, array, object

    /// The types that a schema allows; where it says nothing, all.
    static func all(of schema: JSONMembers, at place: String) throws(GrammarError) -> [SchemaType] {
        let named: [JSONTree]
        switch schema["type"] {
        case nil: return allCases.filter { $0 != .integer }
        case .array(let types)?: named = types
        case let type?: named = [type]
        }
        var types: [SchemaType] = []
        for name in named {
            guard case .string(let name) = name, let type = SchemaType(rawValue: name) else {
                throw GrammarError(
                    "must name types: null, boolean, integer, number, string, array, object", at: "\(place)/type")
            }
            if !types.contains(type) { types.append(type) }
        }
        if types.contains(.number) { types.removeAll { $0 == .integer } }
        return types
    }

    func has(_ value: JSONTree) -> Bool {
        switch (self, value) {
        case (.null, .null), (.boolean, .bool), (.number, .number), (.string, .string), (.array, .array),
            (.object, .object):
            true
        case (.integer, .number(let text)): Decimal(text)?.isWhole ?? false
        default: false
        }
    }
}
