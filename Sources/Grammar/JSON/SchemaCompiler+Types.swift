extension SchemaCompiler {
    // MARK: Objects and arrays

    mutating func object(_ schema: JSONMembers, at place: String) throws(GrammarError) -> GrammarExpression {
        guard SchemaKeywords.ofObjects.contains(where: { schema[$0] != nil }) else { return .rule(JSONGrammar.object) }
        let properties: JSONMembers
        switch schema["properties"] {
        case nil: properties = JSONMembers()
        case .object(let members)?: properties = members
        default: throw GrammarError("must be an object of schemas", at: "\(place)/properties")
        }
        let required = try names(schema["required"], at: "\(place)/required")
        let others = schema["additionalProperties"] ?? .bool(true)
        let otherValue = try value(others, at: "\(place)/additionalProperties")
        var members: [GrammarExpression.ListElement] = []
        for (name, property) in properties.pairs {
            let value = try value(property, at: "\(place)/properties/\(JSONPointer.escaped(name))")
            let isRequired = required.contains(name)
            // A property that can have no value may still be absent.
            members.append(
                .init(JSONGrammar.member(JSONGrammar.literal(name), value, whitespace), count: (isRequired ? 1 : 0)...1)
            )
        }
        var names = properties.names
        for name in required where properties[name] == nil && !names.contains(name) {
            names.append(name)
            members.append(.init(JSONGrammar.member(JSONGrammar.literal(name), otherValue, whitespace), count: 1...1))
        }
        let bounds = try (
            bound(schema, "minProperties", at: place) ?? 0, bound(schema, "maxProperties", at: place)
        )
        let mandatory = members.count { $0.min == 1 }
        let isClosed = if case .bool(false) = others { true } else { false }
        var extras = GrammarExpression.ListElement(.never, atLeast: 0)
        if !isClosed {
            let other = try otherName(schema, except: names, at: place)
            extras.expression = JSONGrammar.member(other, otherValue, whitespace)
        }
        let isIdle = bounds.0 <= mandatory && bounds.1.map { isClosed && members.count <= $0 } ?? true
        if !isIdle {
            // Without a memory of which came, counts can be kept only where none or all of the properties must come.
            guard mandatory == members.count else {
                throw GrammarError(
                    "'minProperties' and 'maxProperties' are not supported beside optional properties", at: place)
            }
            extras.min = max(0, bounds.0 - mandatory)
            extras.max = bounds.1.map { $0 - mandatory }
        }
        return JSONGrammar.braces(members + [extras], whitespace)
    }

    /// The names that members may have beside those that the schema names.
    private mutating func otherName(
        _ schema: JSONMembers, except names: [String], at place: String
    ) throws(GrammarError) -> GrammarExpression {
        switch schema["propertyNames"] {
        case nil, .bool(true)?: return JSONCharacters.quoted(JSONStrings.content(except: names))
        case .object(var members)?:
            guard names.isEmpty else {
                throw GrammarError("'propertyNames' is not supported beside properties with names", at: place)
            }
            members["type"] = .string("string")
            return try value(.object(members), at: "\(place)/propertyNames")
        default: throw GrammarError("must be a schema of strings", at: "\(place)/propertyNames")
        }
    }

    mutating func array(_ schema: JSONMembers, at place: String) throws(GrammarError) -> GrammarExpression {
        guard SchemaKeywords.ofArrays.contains(where: { schema[$0] != nil }) else { return .rule(JSONGrammar.array) }
        let min = try bound(schema, "minItems", at: place) ?? 0
        let max = try bound(schema, "maxItems", at: place)
        var (first, rest) = ([JSONTree](), schema["items"] ?? .bool(true))
        switch schema["prefixItems"] {
        case nil:
            // As the drafts before 2020-12 wrote it.
            if case .array(let elements) = rest { (first, rest) = (elements, schema["additionalItems"] ?? .bool(true)) }
        case .array(let elements)?: first = elements
        default: throw GrammarError("must be an array of schemas", at: "\(place)/prefixItems")
        }
        var elements: [GrammarExpression.ListElement] = []
        for (index, schema) in first.prefix(max ?? first.count).enumerated() {
            let value = try value(schema, at: "\(place)/prefixItems/\(index)")
            elements.append(.init(JSONGrammar.element(value, whitespace), count: 1...1))
        }
        let item = JSONGrammar.element(try value(rest, at: "\(place)/items"), whitespace)
        guard min < elements.count else {
            elements.append(.init(item, atLeast: min - elements.count, atMost: max.map { $0 - elements.count }))
            return JSONGrammar.brackets(elements, whitespace)
        }
        // Later elements are there only if those before them are: one list for each length.
        var lists = (min..<elements.count).map { JSONGrammar.brackets(Array(elements.prefix($0)), whitespace) }
        elements.append(.init(item, atLeast: 0, atMost: max.map { $0 - elements.count }))
        lists.append(JSONGrammar.brackets(elements, whitespace))
        return .choice(lists)
    }

    private func names(_ value: JSONTree?, at place: String) throws(GrammarError) -> [String] {
        guard let value else { return [] }
        var names: [String] = []
        guard case .array(let elements) = value else { throw GrammarError("must be an array of strings", at: place) }
        for element in elements {
            guard case .string(let name) = element else { throw GrammarError("must be an array of strings", at: place) }
            names.append(name)
        }
        return names
    }

    /// A keyword that counts.
    private func bound(_ schema: JSONMembers, _ keyword: String, at place: String) throws(GrammarError) -> Int? {
        guard let value = schema[keyword] else { return nil }
        guard case .number(let text) = value, let number = Decimal(text), number.isWhole, !number.isNegative,
            number.whole.count < 10
        else { throw GrammarError("must be a whole number from 0", at: "\(place)/\(keyword)") }
        return number.whole.reduce(0) { $0 * 10 + $1 }
    }

    // MARK: Strings

    func string(_ schema: JSONMembers, at place: String) throws(GrammarError) -> GrammarExpression {
        let min = try bound(schema, "minLength", at: place) ?? 0
        let max = try bound(schema, "maxLength", at: place)
        guard let content = try content(schema, at: place) else {
            guard min > 0 || max != nil else { return .rule(JSONGrammar.string) }
            return JSONCharacters.quoted(.repeated(JSONCharacters.any, min: min, max: max))
        }
        let length = content.length
        let isLongEnough = length.min >= min
        let isShortEnough = max.map { max in length.max.map { $0 <= max } ?? false } ?? true
        guard isLongEnough, isShortEnough else {
            // The common case of one character class that is repeated takes its bounds from the lengths.
            if case .repeated(.set(let set), let least, let most) = content.alone {
                let bounds = (Swift.max(least, min), [most, max].compactMap(\.self).min())
                return JSONCharacters.quoted(
                    .repeated(JSONCharacters.escaped(set), min: bounds.0, max: bounds.1))
            }
            let keyword = isLongEnough ? "maxLength" : "minLength"
            throw GrammarError(
                "'\(keyword)' is not supported beside a 'pattern' or 'format' that does not keep to it", at: place)
        }
        return JSONCharacters.quoted(content.expression(JSONCharacters.escaped))
    }

    /// What a pattern or a format says of a string; `nil` where there is neither.
    private func content(_ schema: JSONMembers, at place: String) throws(GrammarError) -> RegexNode? {
        switch (schema["pattern"], schema["format"]) {
        case (nil, nil): return nil
        case (.string(let pattern)?, nil):
            do throws(GrammarError) {
                var parser = try RegexParser(pattern)
                return try parser.parse(.part)
            } catch {
                throw GrammarError("\(error.reason), \(error.place ?? "")", at: "\(place)/pattern")
            }
        case (nil, .string(let format)?):
            guard let pattern = JSONStrings.formats[format] else {
                let known = JSONStrings.formats.keys.sorted().joined(separator: ", ")
                throw GrammarError("the format '\(format)' is not supported; known are \(known)", at: "\(place)/format")
            }
            var parser = try RegexParser(pattern)
            return try parser.parse(.whole)
        case (.some, .some): throw GrammarError("'pattern' beside 'format' is not supported", at: place)
        default: throw GrammarError("'pattern' and 'format' must be strings", at: place)
        }
    }

    // MARK: Numbers

    func number(_ schema: JSONMembers, isInteger: Bool, at place: String) throws(GrammarError) -> GrammarExpression {
        guard SchemaKeywords.ofNumbers.contains(where: { schema[$0] != nil }) else {
            return .rule(isInteger ? JSONGrammar.integer : JSONGrammar.number)
        }
        var bounds: [String: Decimal] = [:]
        var isExclusive: [String: Bool] = [:]
        for keyword in SchemaKeywords.ofNumbers {
            switch schema[keyword] {
            case nil: continue
            // As draft 4 wrote it.
            case .bool(let flag)?: isExclusive[keyword] = flag
            case .number(let text)?: bounds[keyword] = Decimal(text)
            default: throw GrammarError("must be a number", at: "\(place)/\(keyword)")
            }
        }
        func bound(_ keyword: String, _ exclusive: String, _ isTighter: (Decimal, Decimal) -> Bool) -> NumberRange
            .Bound?
        {
            let inclusive = bounds[keyword].map { NumberRange.Bound($0, isIncluded: isExclusive[exclusive] != true) }
            let other = bounds[exclusive].map { NumberRange.Bound($0, isIncluded: false) }
            guard let inclusive, let other else { return inclusive ?? other }
            return isTighter(inclusive.value, other.value) ? inclusive : other
        }
        let range = NumberRange(
            low: bound("minimum", "exclusiveMinimum", >), high: bound("maximum", "exclusiveMaximum", <))
        return isInteger ? range.integers : range.numbers
    }
}

extension RegexNode {
    /// The only part of a sequence, as of a pattern with anchors.
    fileprivate var alone: RegexNode {
        guard case .sequence(let parts) = self, parts.count == 1 else { return self }
        return parts[0].alone
    }
}
