import GGUF
import Testing

@Suite("Names of parts")
struct PartNameTests {
    @Test(
        "What is a part's name",
        arguments: [
            ("big-00002-of-00003.gguf", "big", 2, 3), ("/a-b/c-d-00001-of-00010.gguf", "/a-b/c-d", 1, 10),
            ("-00001-of-00002.gguf", "", 1, 2), ("x-00001-of-00002-00003-of-99999.gguf", "x-00001-of-00002", 3, 99_999),
        ])
    func parts(path: String, stem: String, number: Int, count: Int) throws {
        let name = try #require(PartName(path))
        #expect((name.stem, name.number, name.count) == (stem, number, count))
        #expect(name.path == path)
        #expect(name.part(1).part(number) == name)
    }

    @Test(
        "What is none",
        arguments: [
            "big.gguf", "big-00000-of-00003.gguf", "big-00004-of-00003.gguf", "big-00001-of-00001.gguf",
            "big-1-of-3.gguf", "big-00001-of-00003", "big-00001-of-00003.gguf.part", "big-000001-of-000003.gguf",
            "big-+0001-of-00003.gguf", "big-00001-in-00003.gguf", "00001-of-00003.gguf", "big-٠٠٠٠١-of-00003.gguf", "",
        ])
    func others(path: String) { #expect(PartName(path) == nil) }

    @Test(
        "What a model is called by its file",
        arguments: [
            ("/models/big-00002-of-00003.gguf", "big"), ("a.b.gguf", "a.b"), ("models/a", "a"), ("a", "a"), ("/", "/"),
        ])
    func model(path: String, name: String) { #expect(PartName.model(at: path) == name) }

    @Test("A model in parts is one model of a folder")
    func models() {
        let files = [
            "b-00002-of-00002.gguf", "b-00001-of-00002.gguf", "a.gguf", "notes.txt", "c-00002-of-00003.gguf",
            "a-00001-of-00002.gguf", "a-00002-of-00002.gguf",
        ]
        #expect(PartName.models(among: files) == ["a", "b"])
        #expect(PartName.first(of: "b", among: files) == "b-00001-of-00002.gguf")
        #expect(PartName.first(of: "c", among: files) == nil)
        #expect(PartName.first(of: "notes.txt", among: files) == nil)
    }
}
