import Foundation
import GGUF
import Testing
import Tokenization

/// What `tools/setup --clients` fetches of llama.cpp: vocabularies, with texts and the tokens that the models' own
/// tokenizers make of them.
enum Downloads {
    static let vocabularies =
        (ProcessInfo.processInfo.environment["WEFT_CACHE"] ?? NSHomeDirectory() + "/.cache/weft") + "/vocabularies"

    static let areThere = FileManager.default.fileExists(atPath: path("llama-spm"))

    private static func path(_ name: String) -> String { "\(vocabularies)/ggml-vocab-\(name).gguf" }

    static func vocabulary(_ name: String) throws -> Vocabulary {
        try Vocabulary(GGUFFile(path: path(name)).metadata)
    }

    static func tokenizer(_ name: String) throws -> VocabularyTokenizer {
        try VocabularyTokenizer(vocabulary(name))
    }

    /// Texts, and the tokens of each without any that are added.
    static func golden(_ name: String) throws -> [(text: String, tokens: [Int32])] {
        func text(_ ending: String) throws -> String {
            String(decoding: try Data(contentsOf: URL(filePath: path(name) + ending)), as: UTF8.self)
        }
        let texts = try text(".inp").components(separatedBy: "\n__ggml_vocab_test__\n")
        let lines = try text(".out").components(separatedBy: "\n")
        return zip(texts, lines).map { text, line in (text, line.split(separator: " ").compactMap { Int32($0) }) }
    }

    /// Says what stays unchecked where the files are missing.
    static func skip(_ what: String) {
        print("SKIPPED: no vocabularies in \(vocabularies) (tools/setup --clients); \(what) UNCHECKED")
    }
}
