import Foundation
import Jinja
import Testing

/// The chat templates of real models, against PyPI `jinja2`, which is run for it.
@Suite struct ModelTemplateTests {
    private static let templates =
        (ProcessInfo.processInfo.environment["WEFT_CACHE"] ?? NSHomeDirectory() + "/.cache/weft") + "/templates"

    private let now = DateTime(year: 2024, month: 7, day: 26, hour: 15, minute: 4, second: 9)

    /// What `jinja2` makes of the templates; nil, and why, where it is missing or they are.
    private func renderings() throws -> (vectors: Vectors?, reason: String) {
        guard FileManager.default.fileExists(atPath: Self.templates) else {
            return (nil, "no templates in \(Self.templates) (tools/setup --clients)")
        }
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let output = FileManager.default.temporaryDirectory.appending(path: "renderings-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: output) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let script = package.appending(path: "tools/golden/template_renderings.py").path
        process.arguments = ["python3", "-B", script, Self.templates, output.path]
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        if complaint.contains("No module named 'jinja2'") {
            return (nil, "no jinja2 for python3 (tools/setup --clients)")
        }
        try #require(process.terminationStatus == 0, "\(complaint)")
        let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
        return (Vectors(root: try Value(json: text).entries), "")
    }

    @Test func `Real chat templates give the prompts of jinja2`() throws {
        let (found, reason) = try renderings()
        guard let vectors = found else { return print("SKIPPED: \(reason); real chat templates are UNCHECKED") }
        let templates = try vectors["sources"].entries.mapValues { try Template($0.text) }
        #expect(templates.count == 70)
        #expect(vectors["templates"].items.count == 1120)
        #expect(vectors["templates"].items.filter { $0["error"] == .none }.count > 950)
        // What filters make of a list is no list in Jinja, which cannot write it as JSON then. Here it is one.
        for rendering in vectors["templates"].items where !rendering["error"].text.contains("type generator") {
            let name = "\(rendering["template"].text) \(rendering["conversation"].text)"
            let template = try #require(templates[rendering["template"].text])
            let context: [String: Value] = [
                "messages": vectors["conversations"][rendering["conversation"].text], "bos_token": "<s>",
                "eos_token": "</s>", "add_generation_prompt": rendering["prompt"],
                "tools": rendering["tools"] == true ? vectors["tools"] : .none,
            ]
            let output = Result { () throws(JinjaError) in try template.render(context, now: now) }
            switch output {
            case .success(let output):
                let isEqual = output.utf8.elementsEqual(rendering["output"].text.utf8)
                #expect(isEqual, "\(name) \(rendering["error"].text)")
            case .failure(let error): #expect(rendering["error"] != .none, "\(name): \(error)")
            }
        }
    }
}
