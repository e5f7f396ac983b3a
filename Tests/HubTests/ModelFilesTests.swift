import Foundation
import Hub
import Testing

struct ModelFilesTests {
    private static let listed = [
        "README.md", "config.json", "mmproj-F16.gguf", "imatrix.gguf", "Tiny-1B-Q4_K_M.gguf", "Tiny-1B-Q8_0.gguf",
        "Tiny-1B-UD-Q4_K_XL.gguf", "tiny.IQ4_XS.gguf", "BF16/Tiny-1B-BF16-00001-of-00002.gguf",
        "BF16/Tiny-1B-BF16-00002-of-00002.gguf", "Q6_K/tiny.gguf", "Tiny-1B-F16-00001-of-00003.gguf",
    ].map { RepositoryFile(path: $0) }

    private func choose(
        _ text: String, file: String? = nil, from files: [RepositoryFile] = listed
    ) throws -> [String] {
        try ModelFiles.choose(ModelReference(text), file: file, from: files).files.map(\.path)
    }

    @Test(arguments: [
        ("lab/tiny", "Tiny-1B-Q4_K_M.gguf"), ("lab/tiny:q8_0", "Tiny-1B-Q8_0.gguf"),
        ("lab/tiny:Q4_K_XL", "Tiny-1B-UD-Q4_K_XL.gguf"), ("lab/tiny:ud-q4_k_xl", "Tiny-1B-UD-Q4_K_XL.gguf"),
        ("hf.co/lab/tiny:iq4_xs", "tiny.IQ4_XS.gguf"), ("https://huggingface.co/lab/tiny:Q6_K", "Q6_K/tiny.gguf"),
    ])
    func aTypeIsFoundByName(text: String, path: String) throws { #expect(try choose(text) == [path]) }

    @Test func aModelInPartsIsASet() throws {
        let both = ["BF16/Tiny-1B-BF16-00001-of-00002.gguf", "BF16/Tiny-1B-BF16-00002-of-00002.gguf"]
        #expect(try choose("lab/tiny:bf16") == both)
        #expect(try choose("lab/tiny", file: both[1]) == both)
        #expect(try choose("lab/tiny", file: "Tiny-1B-BF16-00001-of-00002.gguf") == both)
        // Of one with holes nothing is fetched.
        #expect(throws: HubError.self) { try choose("lab/tiny:f16") }
    }

    @Test func whatThereIsIsSaid() throws {
        let few = [RepositoryFile(path: "a-Q6_K.gguf"), RepositoryFile(path: "a-Q5_K_M.gguf")]
        #expect(throws: HubError.noQuantisation("lab/tiny", wanted: nil, found: ["Q5_K_M", "Q6_K"])) {
            try choose("lab/tiny", from: few)
        }
        #expect(throws: HubError.noQuantisation("lab/tiny", wanted: "Q4_0", found: ["Q5_K_M", "Q6_K"])) {
            try choose("lab/tiny:Q4_0", from: few)
        }
        #expect(try choose("lab/tiny", from: [few[0]]) == ["a-Q6_K.gguf"], "the only one")
        #expect(try choose("lab/tiny", from: few + [RepositoryFile(path: "a-Q8_0.gguf")]) == ["a-Q8_0.gguf"])
        let two = [RepositoryFile(path: "a-Q4_0.gguf"), RepositoryFile(path: "b-Q4_0.gguf")]
        #expect(throws: HubError.ambiguous(wanted: "Q4_0", files: ["a-Q4_0.gguf", "b-Q4_0.gguf"])) {
            try choose("lab/tiny:Q4_0", from: two)
        }
        #expect(throws: HubError.noModel("lab/tiny", unusable: 0)) {
            try choose("lab/tiny", from: [RepositoryFile(path: "model.safetensors")])
        }
    }

    @Test(arguments: ["tiny", "lab/", "/tiny", "lab/tiny/x", "../tiny", "lab/..", "lab/a..b", "a b/c", "lab/tiny:", ""])
    func whatIsNoRepositoryIsRefused(text: String) { #expect(throws: HubError.self) { try ModelReference(text) } }

    @Test(arguments: ["models/a.gguf", "lab/\u{1b}[31m", "lab/tiny:Q4\n", "lab/tiny?x=1", "lab/tiny#a"])
    func otherThingsAreNoRepository(text: String) { #expect(throws: HubError.self) { try ModelReference(text) } }

    /// Names come from a server, which may be anyone's.
    @Test(arguments: [
        "../a.gguf", "/etc/a.gguf", "a/../../b.gguf", "..", "a//b.gguf", "a\u{0}b.gguf", "a\nb.gguf", "\u{1b}[2J.gguf",
        "a\\b.gguf", "C:a.gguf", ".a.gguf", "a/./b.gguf", "\u{202e}fugg.gguf", "", "/",
        String(repeating: "a", count: 252) + ".gguf",
    ])
    func aHostileNameIsNoFile(path: String) throws {
        let file = RepositoryFile(path: path, byteCount: 3)
        #expect(file.localName == nil)
        #expect(throws: HubError.self) { try choose("lab/tiny", file: path, from: [file]) }
        do {
            _ = try choose("lab/tiny", file: path, from: [file])
        } catch {
            let isTame = "\(error)".unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
            #expect(isTame, "an error says it without what commands a terminal")
        }
        #expect(throws: HubError.noModel("lab/tiny", unusable: path.hasSuffix(".gguf") ? 1 : 0)) {
            try choose("lab/tiny", from: [file])
        }
    }

    @Test func listingsOfBothKindsAreRead() throws {
        let hash = String(repeating: "ab", count: 32)
        let tree = """
            [{"type": "file", "path": "a.gguf", "size": 130, "oid": "x",
              "lfs": {"oid": "\(hash)", "size": 5000, "pointerSize": 130}},
             {"type": "directory", "path": "b", "size": 0}, {"type": "file", "path": "c", "size": -1, "lfs": null},
             {"type": "file", "path": "d", "lfs": {"oid": "no hash", "size": 1}}]
            """
        let files = try #require(RepositoryFile.tree(Data(tree.utf8)))
        #expect(
            files == [
                RepositoryFile(path: "a.gguf", byteCount: 5000, sha256: hash), RepositoryFile(path: "c"),
                RepositoryFile(path: "d", byteCount: 1),
            ])
        let info = #"{"id": "lab/tiny", "siblings": [{"rfilename": "a.gguf"}, {"rfilename": "b", "size": 7}]}"#
        #expect(
            RepositoryFile.siblings(Data(info.utf8)) == [
                RepositoryFile(path: "a.gguf"), RepositoryFile(path: "b", byteCount: 7),
            ])
        for broken in ["", "{}", "[1]", #"{"siblings": 3}"#, #"[{"path": 3}]"#, "\u{0}", "[[[["] {
            #expect(RepositoryFile.tree(Data(broken.utf8)) == nil)
            #expect(RepositoryFile.siblings(Data(broken.utf8)) == nil)
        }
    }
}
