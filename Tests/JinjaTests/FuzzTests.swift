import Fuzzing
import Jinja
import Quantities
import Testing

/// Templates with pieces cut out, doubled, swapped and replaced: they may fail, but only by an error.
@Suite struct FuzzTests {
    private static let fragments = [
        "{{", "}}", "{%", "%}", "{#", "#}", "{%-", "-%}", "{%+", "+%}", "(", ")", "[", "]", "{", "}", "'", "\"", "\\",
        "|",
        ".", ",", ":", "=", "==", "~", "-", "**", "//", "%", "0", "9223372036854775807", "1e309", "x", "loop",
        "messages",
        " if ", " else ", " in ", " not ", " is ", " and ", "for", "endfor", "set", "endset", "macro", "raw", "endraw",
        "none", "true", "\n", " ", "é", "\u{301}", "🚀", "\0", "trim", "tojson", "map", "namespace", "range(3)", "::-1",
    ]

    @Test func `Mutated templates do no harm`() throws {
        let vectors = try Vectors.loaded.get()
        let sources =
            vectors["sources"].entries.sorted { $0.key < $1.key }.map(\.value.text)
            + vectors["snippets"].items.map(\.["source"].text) + vectors["errors"].items.map(\.text)
        let context = vectors.context.merging(["messages": vectors["conversations"]["tools"]]) { $1 }
        let mutator = Mutator(sources, words: Self.fragments)
        let parsed = Fuzzing("templates", count: 8000).run { random in
            // Now and then with the limits of serving, at which a template may take up to a second.
            let isLarge = random.integer(in: 0...99) == 0
            let limits = isLarge ? Limits() : Limits(steps: 5000, bytes: 1 << 16, items: 1000)
            guard let template = try? Template(mutator.text(&random), limits: limits) else { return false }
            _ = try? template.render(context, now: DateTime(year: 2024, month: 2, day: 29))
            return true
        }
        #expect(parsed > 0)
    }
}
