import GGUF
import Testing

@Suite("Metadata written by the reference implementation")
struct MetadataTests {
    let metadata: GGUFMetadata

    init() throws {
        metadata = try Golden.open("metadata").metadata
    }

    @Test("Scalars of every type")
    func scalars() throws {
        let expected: [(String, MetadataValue)] = [
            ("uint8", .uint8(.max)), ("int8", .int8(.min)), ("uint16", .uint16(.max)), ("int16", .int16(.min)),
            ("uint32", .uint32(.max)), ("int32", .int32(.min)), ("float32", .float32(0.5)), ("bool", .bool(true)),
            ("string", .string("Grüße, 世界 🙂")), ("uint64", .uint64(.max)), ("int64", .int64(.min)),
            ("float64", .float64(0.1)),
        ]
        for (name, value) in expected { #expect(metadata["scalar.\(name)"] == value) }
        #expect(metadata["general.alignment"] == .uint32(64))
    }

    @Test("Arrays of every type")
    func arrays() throws {
        let expected: [(String, MetadataArray)] = [
            ("uint8", .uint8([.max, 0])), ("int8", .int8([.min, 0])), ("uint16", .uint16([.max, 0])),
            ("int16", .int16([.min, 0])), ("uint32", .uint32([.max, 0])), ("int32", .int32([.min, 0])),
            ("float32", .float32([0.5, 0])), ("bool", .bool([true, false])), ("string", .string(["Grüße, 世界 🙂", ""])),
            ("uint64", .uint64([.max, 0])), ("int64", .int64([.min, 0])), ("float64", .float64([0.1, 0])),
            ("array", .array([.int32([1, 2]), .int32([3])])),
        ]
        for (name, array) in expected { #expect(metadata["array.\(name)"] == .array(array), "\(name)") }
    }

    @Test("Tensors at an alignment of 64")
    func tensors() throws {
        let file = try Golden.open("metadata")
        #expect(file.version == 3)
        #expect(try file.tensor("vector").floats() == [0, 1, 2, 3, 4])
        let cube = try file.tensor("cube")
        #expect(cube.shape == [4, 3, 2])
        #expect(cube.type == .f16)
        #expect(try cube.floats(rows: 4..<6) == (16..<24).map { Float($0) })
        let error = try #require(throws: GGUFError.self) { try file.tensor("sphere") }
        #expect(error.code == .missingTensor)
    }

    @Test("Typed getters")
    func getters() throws {
        #expect(try metadata.string("general.architecture") == "metadata")
        #expect(try metadata.integer("scalar.int8") == -128)
        #expect(try metadata.integer("scalar.int64") == .min)
        #expect(try metadata.float("scalar.float64") == 0.1)
        #expect(try metadata.bool("scalar.bool"))
        #expect(try metadata.strings("array.string").count == 2)
        #expect(try metadata.integers("array.uint16") == [65_535, 0])
        #expect(try metadata.floats("array.float64") == [0.1, 0])
    }

    @Test("Absent keys")
    func absent() throws {
        #expect(try metadata.stringIfPresent("no") == nil)
        #expect(try metadata.integerIfPresent("no") == nil)
        #expect(try metadata.floatIfPresent("no") == nil)
        #expect(try metadata.boolIfPresent("no") == nil)
        #expect(try metadata.stringsIfPresent("no") == nil)
        #expect(try metadata.integersIfPresent("no") == nil)
        #expect(try metadata.floatsIfPresent("no") == nil)
        let error = try #require(throws: GGUFError.self) { try metadata.integers("no") }
        #expect(error.code == .missingKey)
        #expect(error.subject == .key("no"))
        #expect(error.description.contains("metadata.gguf"))
    }

    @Test("Fault 4: values of another type")
    func wrongTypes() throws {
        let getters: [@Sendable (GGUFMetadata) throws -> Any] = [
            { try $0.string("scalar.uint8") }, { try $0.integer("scalar.string") },
            { try $0.integer("scalar.float32") },
            { try $0.integer("scalar.bool") }, { try $0.float("scalar.int32") }, { try $0.bool("scalar.uint8") },
            { try $0.strings("array.int32") }, { try $0.strings("scalar.string") }, { try $0.integers("array.string") },
            { try $0.integers("array.array") }, { try $0.floats("array.int32") },
        ]
        for getter in getters {
            let error = try #require(throws: GGUFError.self) { _ = try getter(metadata) }
            #expect(error.code == .wrongType)
        }
        let error = try #require(throws: GGUFError.self) { try metadata.strings("array.int32") }
        #expect(error.detail == "the value is of type array of int32, not an array of strings")
    }

    @Test("Numbers that do not fit")
    func outOfRange() throws {
        let getters: [@Sendable (GGUFMetadata) throws -> Any] = [
            { try $0.integer("scalar.uint64") }, { try $0.integers("array.uint64") },
            { try $0.integer("scalar.uint16", in: 1...1024) }, { try $0.integer("scalar.int8", in: 0 ... .max) },
        ]
        for getter in getters {
            let error = try #require(throws: GGUFError.self) { _ = try getter(metadata) }
            #expect(error.code == .outOfRange)
        }
    }

    @Test("Changed values keep their place, removed keys go")
    func editing() {
        var edited = GGUFMetadata()
        edited["a"] = .bool(true)
        edited["b"] = .uint8(1)
        edited["a"] = .bool(false)
        #expect(edited.keys == ["a", "b"])
        edited["a"] = nil
        edited["c"] = nil
        #expect(edited.keys == ["b"])
        #expect(edited.count == 1)
    }
}
