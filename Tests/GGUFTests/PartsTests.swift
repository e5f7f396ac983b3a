import Foundation
import GGUF
import Quantities
import Testing

@Suite("Models in several files")
struct PartsTests {
    /// What is wrong with the parts of a model, and what must be said of it.
    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: GGUFError.Code
        let mention: String
        /// The part that must be named, from 1.
        let named: Int
        /// What stands in place of good parts, from 0.
        let parts: [Int: RawFile.Part]

        init(_ name: String, _ code: GGUFError.Code, _ mention: String, in named: Int, _ parts: [Int: RawFile.Part]) {
            (testDescription, self.code, self.mention, self.named, self.parts) = (name, code, mention, named, parts)
        }
    }

    static let faults = [
        Fault("no second part", .io, "part 2 of 3: cannot open", in: 2, [1: .missing]),
        Fault("no first part", .io, "part 1 of 3: cannot open", in: 1, [0: .missing]),
        Fault("a part of four", .badPart, "part 3 of 4", in: 3, [2: .init(number: 2, count: 4, tensors: ["e"])]),
        Fault(
            "of a model of more tensors", .badPart, "7 tensors", in: 3,
            [2: .init(number: 2, tensorCount: 7, tensors: ["e"])]),
        Fault("the third twice", .badPart, "this is part 3 of 3", in: 2, [1: .good(2)]),
        Fault("a whole model", .badPart, "a whole model", in: 2, [1: .init(number: 0, count: 1, tensors: ["c", "d"])]),
        Fault(
            "another name", .badPart, "another model", in: 2, [1: .init(number: 1, tensors: ["c", "d"], name: "other")]),
        Fault("a tensor twice", .duplicateTensor, #""a""#, in: 3, [2: .init(number: 2, tensors: ["a"])]),
        Fault("a tensor too few", .badPart, "4 tensors, not 5", in: 1, [2: .init(number: 2, tensors: [])]),
        Fault("a tensor too many", .badPart, "6 tensors, not 5", in: 1, [2: .init(number: 2, tensors: ["e", "f"])]),
        Fault("no number", .missingKey, "split.no", in: 2, [1: .init(number: 1, tensors: [], leavesOut: "split.no")]),
        Fault(
            "no number of tensors", .missingKey, "split.tensors.count", in: 3,
            [2: .init(number: 2, tensors: [], leavesOut: "split.tensors.count")]),
        Fault("the fourth of three", .outOfRange, "split.no", in: 3, [2: .init(number: 3, tensors: ["e"])]),
        Fault(
            "65,535 parts", .outOfRange, "split.count", in: 3, [2: .init(number: 2, count: .max, tensors: ["e"])]),
        Fault(
            "-1 tensors", .outOfRange, "split.tensors.count", in: 3,
            [2: .init(number: 2, tensorCount: -1, tensors: ["e"])]),
    ]

    @Test("Parts that PyPI's gguf wrote", arguments: 1...3)
    func anyOpensAll(number: Int) throws {
        let file = try Golden.open("parts-0000\(number)-of-00003")
        #expect(file.tensors.map(\.name) == (0..<5).map { "tensor.\($0)" })
        for index in 0..<5 {
            let values = try file.tensor("tensor.\(index)").floats()
            #expect(values == (0..<8).map { Float(8 * index + $0) })
        }
        #expect(file.metadata.keys == ["general.architecture", "general.name"])
        #expect(file.files.count == 3)
        let name = try #require(PartName(file.path))
        #expect(name.number == 1 && name.count == 3)
        #expect(try file.byteCount == (1...3).reduce(0) { try $0 + contents(of: name.part($1).path).count })
    }

    @Test("What does not belong together is refused, and the part at fault is named", arguments: faults)
    func refused(fault: Fault) throws {
        let folder = try TemporaryFolder()
        let paths = try write(fault.parts, to: folder)
        // The part at fault, opened itself, may have another complaint.
        let opened = fault.named == 1 ? 2 : 1
        let error = try #require(throws: GGUFError.self) { try GGUFFile(path: paths[opened - 1]) }
        #expect(error.code == fault.code)
        #expect(error.description.contains(fault.mention), "\(error)")
        let named = fault.code == .badPart && fault.named == 1 ? paths[opened - 1] : paths[fault.named - 1]
        #expect(error.description.hasPrefix(named), "\(error)")
        #expect(!error.description.contains("\n"))
        // What is a whole model is one, by whatever name.
        for (number, path) in paths.enumerated() where fault.parts[number]?.count != 1 {
            #expect(throws: GGUFError.self) { try GGUFFile(path: path) }
        }
    }

    @Test("A part that is called otherwise, and one in another folder")
    func misplaced() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(RawFile.part(.good(1)), to: "renamed.gguf")
        let error = try #require(throws: GGUFError.self) { try GGUFFile(path: path) }
        #expect(error.code == .badPart)
        #expect(error.description.contains("part 2 of 3"), "\(error)")
        #expect(error.description.contains("-00002-of-00003.gguf"), "\(error)")
        // By its name it would be the third.
        let third = try folder.write(RawFile.part(.good(1)), to: "m-00003-of-00003.gguf")
        #expect(throws: GGUFError.self) { try GGUFFile(path: third) }
        _ = try write([1: .missing], to: folder)
        #expect(throws: GGUFError.self) { try GGUFFile(path: folder.path("m-00001-of-00003.gguf")) }
    }

    @Test("A damaged part is named")
    func damaged() throws {
        let folder = try TemporaryFolder()
        let paths = try write([:], to: folder)
        _ = try GGUFFile(path: paths[0])
        let bytes = try contents(of: paths[1])
        for count in [0, 3, 40, bytes.count - 1] {
            _ = try folder.write(Array(bytes.prefix(count)), to: "m-00002-of-00003.gguf")
            let error = try #require(throws: GGUFError.self) { try GGUFFile(path: paths[0]) }
            #expect(error.description.hasPrefix(paths[1]), "\(error)")
        }
    }

    @Test("One part of one is a whole model, whatever it is called")
    func single() throws {
        let folder = try TemporaryFolder()
        let part = RawFile.Part(number: 0, count: 1, tensorCount: 1, tensors: ["a"])
        for name in ["one.gguf", "m-00001-of-00003.gguf"] {
            #expect(try GGUFFile(path: folder.write(RawFile.part(part), to: name)).tensors.count == 1)
        }
    }

    @Test("Every part is watched", arguments: 0..<3)
    func changed(number: Int) throws {
        let folder = try TemporaryFolder()
        let paths = try write([:], to: folder)
        let file = try GGUFFile(path: paths[0])
        try file.checkUnchanged()
        let tensor = try file.tensor(["a", "c", "e"][number])
        #expect(truncate(paths[number], 100) == 0)
        for check in [{ try file.checkUnchanged() }, { _ = try tensor.floats() }] {
            let error = try #require(throws: GGUFError.self) { try check() }
            #expect(error.code == .changed)
            #expect(error.path == paths[number])
        }
    }

    @Test("Converted, a model in parts becomes one file")
    func converted() throws {
        let folder = try TemporaryFolder()
        let source = try Golden.open("parts-00002-of-00003")
        _ = try ModelConversion(to: .f32).convert(source, to: folder.path("one.gguf"))
        let file = try GGUFFile(path: folder.path("one.gguf"))
        #expect(file.files.count == 1)
        #expect(file.tensors.map(\.layout) == source.tensors.map(\.layout))
        for (before, after) in zip(source.tensors, file.tensors) { #expect(try before.bytes() == after.bytes()) }
    }

    @Test("1,000 seeded mutations of parts give a model or an error", arguments: [1, 2] as [UInt64])
    func mutations(seed: UInt64) throws {
        let folder = try TemporaryFolder()
        let paths = try write([:], to: folder)
        let good = try paths.map(contents)
        var random = SplitMix64(seed: seed)
        var (opened, refusals) = (0, [GGUFError.Code: Int]())
        for _ in 0..<500 {
            let number = Int.random(in: 0..<3, using: &random)
            // Now and then one part stands in another's place.
            var bytes = Int.random(in: 0..<4, using: &random) == 0 ? random.pick(good) : good[number]
            let headerSize = bytes.count - 64
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                random.pick(Mutation.allCases)
                    .apply(to: &bytes, headerSize: headerSize, donor: random.pick(good), &random)
            }
            _ = try folder.write(bytes, to: "m-0000\(number + 1)-of-00003.gguf")
            do {
                let file = try GGUFFile(path: random.pick(paths))
                opened += 1
                for tensor in file.tensors { _ = try tensor.floats(rows: 0..<1) }
            } catch {
                refusals[error.code, default: 0] += 1
            }
            _ = try folder.write(good[number], to: "m-0000\(number + 1)-of-00003.gguf")
        }
        // Otherwise the mutations are too mild or too wild to test anything.
        #expect(opened > 20, "\(refusals)")
        #expect(refusals.count >= 8 && refusals[.badPart, default: 0] > 5, "\(opened), \(refusals)")
    }

    /// Writes a model in three parts, some of them other than good, and returns the paths of all.
    private func write(_ parts: [Int: RawFile.Part], to folder: borrowing TemporaryFolder) throws -> [String] {
        try (0..<3).map { number in
            let name = "m-0000\(number + 1)-of-00003.gguf"
            let part = parts[number] ?? .good(number)
            return part.isMissing ? folder.path(name) : try folder.write(RawFile.part(part), to: name)
        }
    }
}
