import Foundation
import Testing

/// `docs/robustness.md` names a test for every fault, and the tests are there and bear the fault's number.
struct RobustnessTableTests {
    private static let root = ServedTests.folder.deletingLastPathComponent().deletingLastPathComponent()

    private static func sources() throws -> [String: [String]] {
        let folder = root.appendingPathComponent("Tests")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var sources: [String: [String]] = [:]
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            sources[file.deletingPathExtension().lastPathComponent, default: []].append(text)
        }
        return sources
    }

    @Test func everyFaultHasATest() throws {
        let table = try String(contentsOf: Self.root.appendingPathComponent("docs/robustness.md"), encoding: .utf8)
        let sources = try Self.sources()
        var numbers: [Int] = []
        for row in table.split(separator: "\n") {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 3, let number = Int(cells[0]) else { continue }
            numbers.append(number)
            var count = 0
            for match in cells[2].matches(of: #/`(\w+)(?:\.(\w+))?`(?: "([^"]+)")?/#) {
                count += 1
                let texts = sources[String(match.1)] ?? []
                #expect(!texts.isEmpty, "fault \(number): there is no \(match.1)")
                guard let words = match.2.map({ "func \($0)(" }) ?? match.3.map(String.init) else { continue }
                let found = texts.flatMap { $0.components(separatedBy: "@Test") }.first { $0.contains(words) }
                #expect(found != nil, "fault \(number): \(match.1) has no \(words)")
                let bears = found?.firstMatch(of: #/Faults? ([\d, ]+)/#)?.1.split(separator: ", ").compactMap {
                    Int($0)
                }
                #expect(bears?.contains(number) == true, "\(match.1): \(words) does not bear the number \(number)")
            }
            #expect(count > 0, "fault \(number) has no test")
        }
        #expect(numbers == Array(1...27))
    }
}
