import Foundation
import Grammar
import Quantities
import Testing

/// What llguidance allows after each byte of its walks, as `tools/golden/grammar_vectors.py` recorded it.
private struct Vectors: Decodable {
    struct Case: Decodable, Sendable {
        var kind: String
        var name: String
        var source: String
        var walks: [Walk]
    }

    struct Walk: Decodable, Sendable {
        /// A character for each byte.
        var text: String
        /// After each byte, and before the first: which set may follow.
        var steps: [Int]
    }

    struct Refused: Decodable {
        var kind: String
        var source: String
    }

    var sets: [String]
    var cases: [Case]
    var refused: [Refused]

    static let loaded = Result {
        let url = try #require(
            Bundle.module.url(forResource: "grammars", withExtension: "json", subdirectory: "Resources"))
        return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: url))
    }

    /// Ranges of bytes in hexadecimal, where 256 is the end.
    static func set(_ text: String) -> Set<Int> {
        Set(
            text.split(separator: ",").flatMap { part -> [Int] in
                let bounds = part.split(separator: "-").compactMap { Int($0, radix: 16) }
                return Array(bounds[0]...bounds[bounds.count - 1])
            })
    }
}

@Suite struct GoldenTests {
    /// Where the two differ on purpose: what may follow here alone, and there alone. 256 is the end.
    private let differences: [String: (ours: Set<Int>, theirs: Set<Int>)] = [
        // -0 where a range has numbers below 0; without bounds both have it.
        "-5 to 120": ([], [48]),
        // These numbers are within the bounds, whatever zeros stand at their ends.
        "open share": ([256], []), "0.125 to 0.75": ([256], []), "-1.5 to 2.25": ([256], []),
        // A tab as \u0009, where one spelling is enough.
        "const text": ([], [117]),
    ]

    @Test func `After each byte of llguidance's walks the same bytes may follow`() throws {
        let vectors = try Vectors.loaded.get()
        let sets = vectors.sets.map(Vectors.set)
        #expect(vectors.cases.count > 100)
        var steps = 0
        for item in vectors.cases {
            let grammar = try grammar(item.kind, item.source)
            for walk in item.walks {
                var state = GrammarState(grammar)
                let bytes = walk.text.unicodeScalars.map { UInt8($0.value) }
                for (index, set) in walk.steps.enumerated() {
                    let allowed = allowed(&state)
                    let (ours, theirs) = (allowed.subtracting(sets[set]), sets[set].subtracting(allowed))
                    let expected = differences[item.name] ?? ([], [])
                    guard ours.isSubset(of: expected.ours), theirs.isSubset(of: expected.theirs) else {
                        let before = String(decoding: bytes.prefix(index), as: UTF8.self)
                        Issue.record(
                            """
                            \(item.kind) \(item.name) after '\(before)': \
                            ours \(named(ours)), theirs \(named(theirs))
                            """)
                        break
                    }
                    steps += 1
                    if index < bytes.count {
                        let isAccepted = state.accept([bytes[index]])
                        if !isAccepted {
                            #expect(theirs.contains(Int(bytes[index])), "\(item.name)")
                            break
                        }
                    }
                }
            }
        }
        #expect(steps > 10_000)
    }

    @Test func `What llguidance refuses is refused`() throws {
        for refused in try Vectors.loaded.get().refused {
            #expect(throws: GrammarError.self, "\(refused.kind) \(refused.source)") {
                try grammar(refused.kind, refused.source)
            }
        }
    }

    private func grammar(_ kind: String, _ source: String) throws -> Grammar {
        switch kind {
        case "schema": try Grammar(jsonSchema: source, whitespace: .none)
        case "regex": try Grammar(regex: source)
        case "choice": try Grammar(choices: JSONDecoder().decode([String].self, from: Data(source.utf8)))
        default: try Grammar(gbnf: source)
        }
    }

    private func allowed(_ state: inout GrammarState) -> Set<Int> {
        let mask = state.allowedTokens(in: .bytes)
        return Set((0...256).filter { mask.contains(TokenID($0)) })
    }

    private func named(_ bytes: Set<Int>) -> String {
        bytes.sorted().map { (33..<127).contains($0) ? String(UnicodeScalar(UInt8($0))) : String($0, radix: 16) }
            .joined(separator: " ")
    }
}

extension TokenTrie {
    /// A token for each byte, and 256 as the end.
    static let bytes = TokenTrie((0..<256).map { [UInt8($0)] } + [[]], endTokens: [256])
}
