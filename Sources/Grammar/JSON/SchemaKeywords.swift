/// The keywords of JSON Schema by what is done about them.
enum SchemaKeywords {
    /// They say nothing of a value.
    static let annotations: Set<String> = [
        "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$comment",
        "$schema", "$id", "id", "$defs", "definitions", "$anchor", "contentEncoding", "contentMediaType", "nullable",
    ]

    /// By the type of the values that they restrict.
    static let ofObjects: Set<String> = [
        "properties", "required", "additionalProperties", "minProperties", "maxProperties", "propertyNames",
    ]
    static let ofArrays: Set<String> = ["items", "prefixItems", "minItems", "maxItems", "additionalItems"]
    static let ofStrings: Set<String> = ["minLength", "maxLength", "pattern", "format"]
    static let ofNumbers: Set<String> = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]

    /// They restrict values in a way that no automaton of this kind can follow, or that nobody asked for yet.
    static let unsupported: Set<String> = [
        "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies", "patternProperties",
        "unevaluatedProperties", "unevaluatedItems", "contains", "minContains", "maxContains",
        "uniqueItems", "multipleOf", "$dynamicRef", "$recursiveRef", "contentSchema",
    ]

    /// Values with which a keyword that is not supported says nothing.
    static func isIdle(_ keyword: String, _ value: JSONTree) -> Bool {
        switch (keyword, value) {
        case ("uniqueItems", .bool(false)), ("unevaluatedProperties", .bool(true)), ("unevaluatedItems", .bool(true)):
            true
        case ("patternProperties", .object(let members)), ("dependentRequired", .object(let members)),
            ("dependentSchemas", .object(let members)), ("dependencies", .object(let members)):
            members.isEmpty
        default: false
        }
    }
}
