/// The name of a file that is one part of a model: `STEM-00002-of-00003.gguf`, counted from 1.
///
/// ```swift
/// PartName("models/big-00002-of-00003.gguf")?.part(1).path    // models/big-00001-of-00003.gguf
/// ```
///
/// Source: `llama_split_path` of llama.cpp.
package struct PartName: Hashable, Sendable {
    /// What all parts' names begin with, with the folder if there is one.
    package let stem: String
    package let number: Int
    package let count: Int

    private static let suffix = ".gguf"
    private static let digits = 5

    /// - Returns: `nil` where a file of this path is no part, or one of 1.
    package init?(_ path: String) {
        guard path.hasSuffix(Self.suffix) else { return nil }
        let fields = path.dropLast(Self.suffix.count).split(separator: "-", omittingEmptySubsequences: false)
        guard fields.count >= 4, fields[fields.count - 2] == "of",
            let number = Self.number(fields[fields.count - 3]), let count = Self.number(fields[fields.count - 1]),
            count > 1, 1...count ~= number
        else { return nil }
        self.init(stem: fields.dropLast(3).joined(separator: "-"), number: number, count: count)
    }

    private init(stem: String, number: Int, count: Int) {
        (self.stem, self.number, self.count) = (stem, number, count)
    }

    package func part(_ number: Int) -> PartName { PartName(stem: stem, number: number, count: count) }

    package var path: String { stem + Self.ending(number, of: count) }

    /// How the name of a part ends.
    static func ending(_ number: Int, of count: Int) -> String { "-\(text(number))-of-\(text(count))\(suffix)" }

    private static func number(_ text: Substring) -> Int? {
        guard text.utf8.count == digits, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
            return nil
        }
        return Int(text)
    }

    private static func text(_ number: Int) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

extension PartName {
    /// What the model is called that the file at `path` is, or is a part of.
    package static func model(at path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        if let part = PartName(file) { return part.stem }
        return file.hasSuffix(suffix) ? String(file.dropLast(suffix.count)) : file
    }

    /// What the models in a folder are called, by the names of its files: a model in several parts is one.
    package static func models(among files: [String]) -> [String] {
        let opened = files.filter { $0.hasSuffix(suffix) && (PartName($0)?.number ?? 1) == 1 }
        return Set(opened.map(model(at:))).sorted()
    }

    /// The file by which the model called `name` is opened, where it stands in several parts.
    package static func first(of name: String, among files: [String]) -> String? {
        files.filter { file in PartName(file).map { $0.number == 1 && $0.stem == name } ?? false }.min()
    }
}
