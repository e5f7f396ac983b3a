import Chat
import Foundation
import Jinja
import OrderedCollections
import Testing

/// Reads `text` whole, and in every other way that pieces can be cut; all must say the same.
func read(_ text: String, as format: OutputFormat, tools: [ChatTool] = Tools.all, prompt: String = "") -> ChatOutput {
    func output(_ pieces: [String]) -> ChatOutput {
        var reader = ChatReader(format, tools: tools, prompt: prompt)
        return ChatOutput(pieces.flatMap { reader.append($0) } + reader.finish())
    }
    let whole = output([text])
    let scalars = Array(text.unicodeScalars)
    func joined(_ scalars: ArraySlice<Unicode.Scalar>) -> String { String(String.UnicodeScalarView(scalars)) }
    for cut in scalars.indices {
        let parts = [joined(scalars[..<cut]), joined(scalars[cut...])]
        let split = output(parts)
        #expect(split == whole, "cut behind \(parts[0].debugDescription)")
        if split != whole { break }
    }
    #expect(output(scalars.map { String($0) }) == whole, "in single characters")
    return whole
}

/// The tools of the tests.
enum Tools {
    static let weather = ChatTool(
        name: "get_weather", description: "Tells the weather.",
        parameters: [
            "type": "object",
            "properties": [
                "city": ["type": "string", "description": "Its name."], "days": ["type": "integer"],
                "exact": ["type": "boolean"], "hours": ["type": "array", "items": ["type": "integer"]],
                "place": ["type": "object"], "note": ["type": ["string", "null"]],
            ],
            "required": ["city"],
        ])
    static let time = ChatTool(name: "get_time", description: "Tells the time.")
    static let all = [weather, time]
    /// Schemas that every template can write: some fail at a list of types, or at an object that says no more.
    static let plain = [
        ChatTool(
            name: "get_weather", description: "Tells the weather.",
            parameters: [
                "type": "object",
                "properties": [
                    "city": ["type": "string", "description": "Its name."],
                    "days": ["type": "integer", "description": "How many."],
                ],
                "required": ["city"],
            ]), time,
    ]
}

/// A call as tests expect it: the arguments are compared as values.
struct ExpectedCall: Equatable, CustomStringConvertible {
    var name: String
    var arguments: Value?

    init(_ name: String, _ arguments: Value) {
        self.name = name
        self.arguments = arguments
    }

    init(_ call: ChatOutput.Call) {
        name = call.name
        arguments = try? Value(json: call.arguments)
    }

    var description: String { "\(name)(\(arguments?.json() ?? "no JSON"))" }
}

/// The chat templates of real models, which `tools/setup --clients` fetches.
enum Templates {
    static let folder =
        (ProcessInfo.processInfo.environment["WEFT_CACHE"] ?? NSHomeDirectory() + "/.cache/weft") + "/templates"

    static let areThere = FileManager.default.fileExists(atPath: folder)

    static var names: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jinja") }
                .map { String($0.dropLast(6)) }.sorted()
        }
    }

    static func template(_ name: String) throws -> ChatTemplate {
        let source = try String(contentsOfFile: "\(folder)/\(name).jinja", encoding: .utf8)
        return try ChatTemplate(source: source, beginningOfText: "<s>", endOfText: "</s>")
    }

    /// Says what stays unchecked where the files are missing.
    static func skip(_ what: String) {
        print("SKIPPED: no templates in \(folder) (tools/setup --clients); \(what) UNCHECKED")
    }
}
