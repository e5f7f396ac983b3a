package import ConfigurationFiles
import Foundation

/// What `tools/bench-device` measured: its stages, what each wrote, and how each ended.
package struct DeviceBenchmark: Sendable, Codable {
    /// Of weft.
    package var version: String
    package var date: String
    package var stages: [Stage]

    /// One command.
    package struct Stage: Sendable, Codable {
        package enum Outcome: String, Sendable, Codable {
            case passed, failed, skipped
            case timedOut = "timed out"
        }

        package var name: String
        package var outcome: Outcome
        /// Why it did not pass.
        package var reason: String?
        package var command: String
        package var seconds: Double
        /// Seconds that it had.
        package var limit: Double
        /// What it wrote as JSON. A stage that failed may have written some.
        package var result: JSONValue?
    }

    /// Reads what a run left in `folder`.
    ///
    /// `stages.tsv` has a line for each stage: name, exit status or `skipped`, seconds, limit, and the command or why
    /// it was skipped. `NAME.json` and `NAME.log` are what the stage wrote.
    ///
    /// - Throws: `FileError` where `stages.tsv` cannot be read. What is wrong with a stage's own file is its reason.
    package init(folder: String, version: String, date: String) throws(FileError) {
        let path = "\(folder)/stages.tsv"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw FileError(file: path, reason: "cannot be read")
        }
        self.version = version
        self.date = date
        stages = []
        for (index, line) in text.split(separator: "\n").enumerated() {
            let cells = line.split(separator: "\t", maxSplits: 4, omittingEmptySubsequences: false).map(String.init)
            guard cells.count == 5, let seconds = Double(cells[2]), let limit = Double(cells[3]),
                cells[1] == "skipped" || Int(cells[1]) != nil
            else { throw FileError(file: path, line: index + 1, reason: "is no stage") }
            stages.append(
                Stage(
                    name: cells[0], status: Int(cells[1]), seconds: seconds, limit: limit, words: cells[4],
                    folder: folder))
        }
    }

    /// Reads the file that was written of it.
    ///
    /// - Throws: `FileError`.
    package init(_ json: JSONValue, file: String) throws(FileError) {
        guard let found = json.decoded(DeviceBenchmark.self) else {
            throw FileError(file: file, reason: "is no report of tools/bench-device")
        }
        self = found
    }

    /// Whether all that was asked for was measured.
    package var hasPassed: Bool { stages.allSatisfy { $0.outcome == .passed || $0.outcome == .skipped } }
}

extension DeviceBenchmark.Stage {
    /// - Parameters:
    ///   - status: the exit status; `nil` where it was skipped.
    ///   - words: the command, or why it was skipped.
    fileprivate init(name: String, status: Int?, seconds: Double, limit: Double, words: String, folder: String) {
        (self.name, self.seconds, self.limit) = (name, seconds, limit)
        guard let status else {
            (command, outcome, reason) = ("", .skipped, words)
            return
        }
        command = words
        var fault: String?
        do throws(FileError) { result = try Self.result("\(folder)/\(name).json") } catch { fault = error.description }
        switch status {
        case 0:
            outcome = fault == nil ? .passed : .failed
            reason = fault
        // Of `timeout`: what it ended, and what it had to kill. Others are killed as well, where memory is short.
        case 124,
            137 where seconds >= limit:
            outcome = .timedOut
            reason = "took longer than \(Int(limit)) s"
        default:
            outcome = .failed
            reason = Self.lastLine("\(folder)/\(name).log") ?? "ended with status \(status)"
        }
    }

    private static func result(_ path: String) throws(FileError) -> JSONValue {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw FileError(file: path, reason: "was not written")
        }
        return try JSONValue(json: data, file: path)
    }

    private static func lastLine(_ path: String) -> String? {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { return nil }
        let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
        return lines.last { !$0.allSatisfy(\.isWhitespace) }.map(String.init)
    }
}
