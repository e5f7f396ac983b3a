import Access
import ArgumentParser
import ConfigurationFiles
import Foundation

/// `weft keys`: keys by which a server knows its clients.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make keys for clients of a server.",
        subcommands: [New.self])

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key.",
            discussion: """
                The key itself is printed on standard output, once: only its digest is kept. With --file it is added to \
                a file of keys, which a running server reads within a second; else what belongs there is printed too.
                """)

        @Option(help: "What logs call its holder.")
        var name: String

        @Option(help: "What it is for: serve or admin; may be given twice.")
        var right: [String] = ["serve"]

        @Option(help: "The file of keys that it is added to, which is made where there is none.")
        var file: String?

        func run() throws {
            let rights = try right.map { word in
                guard let right = AccessKey.Right(rawValue: word) else {
                    let words = AccessKey.Right.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("--right \(word): is none of \(words)")
                }
                return right.rawValue
            }
            let secret = KeyRing.newSecret(), digest = KeyDigest(of: secret).written
            let entry = """
                - name: \(quoted(name))
                  digest: \(digest)
                  rights: [\(rights.joined(separator: ", "))]

                """
            guard let file else {
                print(secret)
                print("keys:\n" + entry, terminator: "")
                return
            }
            let text = FileManager.default.fileExists(atPath: file) ? try PlanningInputs.text(file) : "keys:\n"
            let changed = (text.hasSuffix("\n") ? text : text + "\n") + entry
            // What a server would not read is not written.
            _ = try KeyRing(Field(changed, file: file))
            try PlanningInputs.write(changed, to: file)
            print(secret)
        }
    }
}

/// A string as YAML and JSON read it.
private func quoted(_ text: String) -> String {
    (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
}
