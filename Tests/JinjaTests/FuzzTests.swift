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

    @Test(arguments: 0..<16)
    func `Mutated templates do no harm`(seed: UInt64) throws {
        let vectors = try Vectors.loaded.get()
        let sources =
            vectors["sources"].entries.sorted { $0.key < $1.key }.map(\.value.text)
            + vectors["snippets"].items.map(\.["source"].text) + vectors["errors"].items.map(\.text)
        let context = vectors.context.merging(["messages": vectors["conversations"]["tools"]]) { $1 }
        var random = SplitMix64(seed: seed)
        var parsed = 0
        for _ in 0..<500 {
            var scalars = Array(sources.randomElement(using: &random)!.unicodeScalars)
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&scalars, &random) }
            let source = String(String.UnicodeScalarView(scalars))
            let template = try? Template(source, limits: Limits(steps: 5000, bytes: 1 << 16, items: 1000))
            if template != nil { parsed += 1 }
            _ = try? template?.render(context, now: DateTime(year: 2024, month: 2, day: 29))
        }
        #expect(parsed > 25)
    }

    private func mutate(_ scalars: inout [Unicode.Scalar], _ random: inout SplitMix64) {
        let start = Int.random(in: 0...scalars.count, using: &random)
        let end = min(scalars.count, start + Int.random(in: 0...8, using: &random))
        switch Int.random(in: 0..<4, using: &random) {
        case 0: scalars.removeSubrange(start..<end)
        case 1: scalars.insert(contentsOf: scalars[start..<end], at: Int.random(in: 0...scalars.count, using: &random))
        case 2: scalars.insert(contentsOf: Self.fragments.randomElement(using: &random)!.unicodeScalars, at: start)
        default:
            scalars.replaceSubrange(start..<end, with: Self.fragments.randomElement(using: &random)!.unicodeScalars)
        }
    }
}
