import Jinja
import Testing

@Suite struct LimitsTests {
    private func failure(
        _ source: String, limits: Limits = .default, _ context: [String: Value] = [:]
    ) -> JinjaError.Kind? {
        do throws(JinjaError) {
            _ = try Template(source, limits: limits).render(context)
            return nil
        } catch {
            return error.kind
        }
    }

    @Test(arguments: [
        ("{{ ", "(", "1", ")", " }}"), ("{{ ", "[", "1", "]", " }}"), ("{{ ", "{1: ", "1", "}", " }}"),
        ("{{ ", "not ", "1", "", " }}"), ("{{ ", "- ", "1", "", " }}"), ("{{ ", "1 + ", "1", "", " }}"),
        ("{{ ", "1 ** ", "1", "", " }}"), ("{{ ", "1 or ", "1", "", " }}"), ("{{ x", ".a", "", "", " }}"),
        ("{{ x", "[0", "", "]", " }}"), ("{{ x", "[0]", "", "", " }}"), ("{{ x", "|trim", "", "", " }}"),
        ("{{ x", "()", "", "", " }}"), ("{{ x", " is defined", "", "", " }}"), ("{{ ", "1 if 1 else ", "1", "", " }}"),
        ("", "{% if 1 %}", "", "{% endif %}", ""), ("", "{% for x in y %}", "", "{% endfor %}", ""),
        ("", "{% macro m() %}", "", "{% endmacro %}", ""), ("", "{% set x %}", "", "{% endset %}", ""),
        ("{% set ", "(", "a", ")", " = 1 %}"), ("{{ f(", "f(", "", ")", ") }}"), ("{{ x is ", "x(", "", ")", " }}"),
        ("", "{% filter trim %}", "", "{% endfilter %}", ""), ("{{ 1", " if 1", "", "", " }}"),
    ])
    func `Fault 11: Sixty thousand levels are refused`(
        start: String, opening: String, middle: String, closing: String, end: String
    ) {
        func nested(_ count: Int) -> String {
            start + String(repeating: opening, count: count) + middle + String(repeating: closing, count: count) + end
        }
        let kind = failure(nested(60_000))
        #expect(kind == .limit || kind == .syntax, "\(opening)")
        // As deep as is allowed must not exhaust the stack either.
        for count in 80...110 { _ = failure(nested(count), ["x": "x"]) }
    }

    @Test func `Long is not deep`() {
        #expect(failure("{{ '' " + String(repeating: "~ 'a' ", count: 60_000) + "}}") == nil)
        #expect(failure("{{ [" + String(repeating: "1, ", count: 60_000) + "] }}") == nil)
        #expect(failure("{% if 0 %}" + String(repeating: "{% elif 0 %}", count: 60_000) + "{% endif %}") == nil)
        #expect(failure(String(repeating: "{{ 1 }}{% if 1 %}{% endif %}", count: 20_000)) == nil)
    }

    @Test func `The deepest expressions in the deepest blocks run`() throws {
        let expression = String(repeating: "(0 - ", count: 20) + "1" + String(repeating: ")", count: 20)
        let source =
            String(repeating: "{% if 1 %}", count: 50) + "{{ \(expression) }}"
            + String(repeating: "{% endif %}", count: 50)
        #expect(try Template(source).render([:]) == "1")
    }

    @Test(arguments: [
        "{{ range(1000000000) }}", "{{ range(-9223372036854775807, 9223372036854775807) | list }}",
        "{{ 'x' * 1000000000 }}", "{{ [0] * 1000000000 }}", "{{ [[0] * 100000] * 100000 }}", "{{ 9 ** 99999 }}",
        "{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}", "{{ 4611686018427387904 * 2 }}",
        "{% set n = namespace(x='x') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x='x') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}{% for i in range(9999) %}{% set n.x = [n.x, n.x] %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}{% for i in range(9999) %}{% set n.x = [n.x] %}{% endfor %}",
        "{% set n = namespace(x=1) %}{% for i in range(9999) %}{% set n.x = {'a': n.x} %}{% endfor %}",
        "{% set n = namespace(x=1) %}{% for i in range(9999) %}{% set n.x = (n.x,) %}{% endfor %}",
        "{% set n = namespace(x=1) %}{% for i in range(9999) %}{% for j in [n.x] %}{% set n.x = loop %}{% endfor %}"
            + "{% endfor %}",
        "{% set n = namespace(x={}) %}{% for i in range(9999) %}{% set n.x = dict(a=n.x) %}{% endfor %}",
        "{% set n = namespace(x={}) %}{% for i in range(9999) %}{% set n.x = dict(a=n.x).get %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{% macro m(x) %}{{ m([x]) }}{% endmacro %}{{ m(1) }}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{{ i }}{% endfor %}{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% set s = 'x' * 1000000 %}{% for i in range(99999) %}{{ s }}{% endfor %}",
        "{% set s = 'x' * 1000000 %}{{ [s] * 99999 }}", "{% set s = 'x' * 1000000 %}{{ ([s] * 99999) | tojson }}",
        "{% set s = 'x' * 1000000 %}{{ ([s] * 99999) | join }}", "{% set s = 'x' * 1000000 %}{{ s.replace('x', s) }}",
        "{% set s = 'x' * 1000000 %}{{ s.split('x') }}", "{% set s = 'x' * 1000000 %}{{ s | list }}",
        "{% set s = 'x' * 1000000 %}{% for i in range(99999) %}{% if s == s %}{% endif %}{% endfor %}",
        "{{ [1] | tojson(indent=999999999) }}", "{{ 'a\nb' | indent(999999) | indent(99999999) }}",
        "{{ ('&' * 9000000) | e }}", "{{ ('ŉ' * 6000000) | upper }}", "{{ 1e300 | int }}", "{{ 'x' | format(1e300) }}",
    ])
    func `Excess fails`(source: String) {
        let kind = failure(source, limits: Limits(steps: 100_000))
        #expect(kind == .limit || kind == .type, "\(source)")
    }

    @Test func `Limits are those that were given`() {
        #expect(failure("{{ 1 }}{{ 1 }}{{ 1 }}", limits: Limits(steps: 4)) == .limit)
        #expect(failure("{{ ((1)) }}", limits: Limits(depth: 2)) == .limit)
        #expect(failure("{{ 'abcdefgh' * 9 }}", limits: Limits(bytes: 64)) == .limit)
        #expect(failure(String(repeating: " ", count: 65), limits: Limits(bytes: 64)) == .limit)
        #expect(failure("{{ range(9) }}", limits: Limits(items: 8)) == .limit)
        #expect(failure("{{ range(8) }}", limits: Limits(items: 8)) == nil)
        #expect(failure("{{ \(String(repeating: "a", count: 1024)) }}") == nil)
        #expect(failure("{{ \(String(repeating: "a", count: 1025)) }}") == .syntax)
    }

    @Test func `A search of a text in itself is linear`() {
        let text = String(repeating: "a", count: 1 << 19)
        let context: [String: Value] = ["text": .string(text), "part": .string(text.dropLast(9) + "b")]
        #expect(failure("{{ part in text }}{{ text.find(part) }}{{ text.replace(part, '') | length }}", context) == nil)
    }

    private func failure(_ source: String, _ context: [String: Value]) -> JinjaError.Kind? {
        failure(source, limits: .default, context)
    }
}
