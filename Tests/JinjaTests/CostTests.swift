import Fuzzing
import Jinja
import Testing

/// What templates may take of a core: about a second, whatever they do until a limit ends them.
@Suite(.serialized) struct CostTests {
    private static let texts: [String: Value] = [
        "a": .string(String(repeating: "ab ", count: 1_000_000)),
        "u": .string(String(repeating: "éü\u{2003}", count: 400_000)),
        "d": .string(String(repeating: "7", count: 3_000_000)), "w": .string(String(repeating: " ", count: 3_000_000)),
        "l": .string(String(repeating: "\n", count: 90_000)), "n": .string(String(repeating: "x", count: 3_000_000)),
    ]
    private static let work = [
        "w.strip()", "n.strip('x')", "u.rstrip()", "l.splitlines()", "a.splitlines()", "n.isalpha()", "u.isalpha()",
        "d.isdigit()", "w.isspace()", "n.islower()", "u.isupper()", "u.isalnum()", "u.upper()", "u.lower()",
        "u.title()", "u.capitalize()", "a | title", "a | e", "a | tojson", "u | tojson(ensure_ascii=true)",
        "[a] | string", "[u] | string", "a.split()", "a.split(' ', 1)", "a.rsplit(' ', 1)", "n.find('y')",
        "n.rfind('y')", "n.count('xx')", "'y' in n", "n in n", "a.replace('a', 'b')", "a.replace('', 'b')",
        "n.replace('y', '')", "a | indent", "n % ()", "a.format()", "d | int", "d | float", "n[7]", "n[::2]",
        "n | reverse", "n is lower", "n == n ~ 'x'", "[n, n] | unique | list", "([n] * 1000) | sort", "{n: 1}[n]",
        "n.startswith(n)", "n.removesuffix(n)", "a.join([a])", "a ~ a", "a + a", "n | length", "'x' * 4000000",
        "[1] | map(attribute=a) | list", "{'a': n, 'b': n} | tojson(sort_keys=true)", "range(99999) | list",
        "range(99999) | map('string') | join", "n | trim", "n | replace('x', 'y')",
    ]

    @Test(arguments: work) func `A template ends within a second or so`(expression: String) throws {
        let source =
            "{% for i in range(99999) %}{% for j in range(99999) %}{% if (\(expression)) is none %}"
            + "{% endif %}{% endfor %}{% endfor %}"
        let template = try Template(source)
        let seconds = threadSeconds { _ = try? template.render(Self.texts) }
        // The bound is for slow machines, too; before, some of these took 16 s.
        #expect(seconds < 3, "\(expression) took \(seconds) s")
        print("\(expression): \(seconds) s")
    }

    @Test func `Ordinary prompts are far from the limit`() throws {
        let source =
            "{% for m in messages %}{% set c = m.content | trim %}{{ m.role | upper }}: "
            + "{{ c.replace('\\r\\n', '\\n') }}{% if '</think>' in c %}{{ c.split('</think>')[-1].lstrip() }}"
            + "{% endif %}{{ c | tojson }}{% endfor %}"
        let message: Value = [
            "role": "user", "content": .string(String(repeating: "some words </think>\n", count: 1000)),
        ]
        let template = try Template(source, limits: Limits(steps: 500_000))
        #expect(try template.render(["messages": .list(Array(repeating: message, count: 20))]).utf8.count > 700_000)
    }
}
