/// A parsed template of the Jinja language, as far as chat templates use it.
///
/// Rendering follows Jinja 3.1 in the sandbox that Hugging Face `transformers` runs it in: blocks take their line with
/// them (`trim_blocks`,
/// `lstrip_blocks`), nothing is escaped, and lists and dictionaries cannot be changed.
package struct Template: Sendable {
    private let body: [Statement]
    private let limits: Limits

    /// - Throws: `JinjaError` with the line where the source is no template, or too deep or long a one.
    /// - Complexity: O(bytes of the source).
    package init(_ source: String, limits: Limits = .default) throws(JinjaError) {
        guard source.utf8.count <= limits.bytes else {
            throw JinjaError(.limit, "the template is longer than \(limits.bytes) bytes")
        }
        var lexer = Lexer(source)
        var parser = Parser(try lexer.scan(), limits: limits)
        body = try parser.template()
        self.limits = limits
    }

    /// The text of the template for a context.
    ///
    /// - Parameters:
    ///   - context: the values of the template's global names.
    ///   - now: what `strftime_now` formats; without it that function is undefined.
    /// - Throws: `JinjaError` where the template fails, refuses, or exceeds a limit.
    package func render(_ context: [String: Value], now: DateTime? = nil) throws(JinjaError) -> String {
        var interpreter = Interpreter(context, limits: limits, now: now)
        return try interpreter.run(body)
    }
}
