import Foundation
import GGUF
import Testing

/// Runs `python3`, and says whether it succeeded and what it printed as errors.
private func python(_ arguments: [String]) -> (succeeded: Bool, errors: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    let errors = Pipe()
    process.standardError = errors
    guard (try? process.run()) != nil else { return (false, "cannot run python3") }
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus == 0, text)
}

@Suite("Against the reference implementation at hand")
struct ReferenceTests {
    @Test(
        "Conversions of a random model are those of the Python package, which reads them too",
        .enabled(if: python(["-c", "import gguf"]).succeeded, "the Python package gguf is not installed"))
    func conversions() throws {
        let folder = try TemporaryFolder()
        var model = TinyLlama()
        model.seed = 99
        try model.write(to: folder.path("source"))
        let source = try GGUFFile(path: folder.path("source"))
        for type in Golden.types {
            _ = try ModelConversion(to: type).convert(source, to: folder.path(type.name))
        }
        let script = try #require(Bundle.module.url(forResource: "Resources/compare", withExtension: "py"))
        let files = Golden.types.map { folder.path($0.name) }
        let result = python([script.path, folder.path("source")] + files)
        #expect(result.succeeded, "\(result.errors)")
    }
}
