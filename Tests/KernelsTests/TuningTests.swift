import Compute
import Foundation
import Kernels
import TestDevices
import Testing

/// Files of shapes: what is read is what was written, of this device and for these kernels, or nothing.
struct TuningTests {
    private static let device: any Device = IdleDevice(limits: DeviceLimits(DeviceFacts.known[0]))

    /// Some choices of some products.
    private static func tuning(seed: UInt64) -> Tuning {
        var numbers = SplitMix(seed: seed), tuning = Tuning()
        for product in ShapeSpaceTests.products where Bool.random(using: &numbers) {
            let space = ShapeSpace(product, limits: device.limits, facts: device.facts)
            tuning[product] = space.candidates.randomElement(using: &numbers) ?? ShapeChoice()
        }
        return tuning
    }

    private struct SplitMix: RandomNumberGenerator {
        var seed: UInt64

        mutating func next() -> UInt64 {
            seed &+= 0x9e37_79b9_7f4a_7c15
            var z = seed
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }

    @Test(arguments: 1...8) func whatIsWrittenIsRead(_ seed: UInt64) throws {
        let tuning = Self.tuning(seed: seed)
        #expect(!tuning.choices.isEmpty)
        let json = try tuning.json(of: Tuning.Origin(Self.device))
        #expect(try Tuning(json: json, for: Self.device) == tuning)
        #expect(try tuning.json(of: Tuning.Origin(Self.device)) == json, "the same bytes for the same choices")
    }

    @Test func anythingElseHasTheDefault() {
        var tuning = Tuning()
        let product = MatrixProduct(.q4, depth: 64, columns: 64)
        #expect(tuning[product] == ShapeChoice())
        tuning[product] = ShapeChoice(splits: 2)
        #expect(
            tuning[product].splits == 2 && tuning[MatrixProduct(.q4, depth: 64, columns: 64, terms: 1)] == ShapeChoice()
        )
        tuning[product] = ShapeChoice()
        #expect(tuning == Tuning())
    }

    @Test func filesOfOthersAreNotUsed() throws {
        let tuning = Self.tuning(seed: 1), own = Tuning.Origin(Self.device)
        func fault(_ change: (inout Tuning.Origin) -> Void) throws -> String? {
            var origin = own
            change(&origin)
            let json = try tuning.json(of: origin)
            do throws(TuningFault) {
                _ = try Tuning(json: json, for: Self.device)
                return nil
            } catch { return error.description }
        }
        #expect(try fault { _ in } == nil)
        #expect(try fault { $0.device = "vulkan another" } == "is of another device: vulkan another")
        #expect(try fault { $0.driver = "1.2" } == "is of another driver: 1.2")
        #expect(try fault { $0.kernels = "0123" } == "is of another version of the kernels: 0123")
        #expect(try fault { $0.limits = "8 wide" } == "is of another set of limits: 8 wide")
        // Limits that shapes follow from are in the words.
        let small = IdleDevice(limits: DeviceLimits(DeviceFacts.known[8]))
        #expect(throws: TuningFault.self) { try Tuning(json: tuning.json(of: own), for: small) }
    }

    @Test func shapesThatCannotBeAreNotUsed() throws {
        for choice in [ShapeChoice(splits: 3), ShapeChoice(width: 1 << 20), ShapeChoice(path: .cpu)] {
            var tuning = Tuning()
            tuning[MatrixProduct(.q4K, depth: 4096, columns: 4096)] = choice
            let json = try tuning.json(of: Tuning.Origin(Self.device))
            #expect(throws: TuningFault.self) { try Tuning(json: json, for: Self.device) }
        }
        var tuning = Tuning()
        for product in [
            MatrixProduct(.q4K, depth: -256, columns: 64), MatrixProduct(.q4K, depth: 32, columns: 64),
            MatrixProduct(.f32, depth: 32, columns: 64, terms: 1), MatrixProduct(.f32, depth: 32, columns: .max),
        ] {
            tuning = Tuning()
            tuning[product] = ShapeChoice(splits: 2)
            let json = try tuning.json(of: Tuning.Origin(Self.device))
            #expect(throws: TuningFault.self) { try Tuning(json: json, for: Self.device) }
        }
    }

    /// Cut or changed anywhere, a file gives the default and a line that names it, or is still what it was.
    @Test func damagedFilesAreRefused() throws {
        let folder = NSTemporaryDirectory() + "weft-tuning-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let cache = TuningCache(folder: folder), tuning = Self.tuning(seed: 3)
        #expect(cache.find(for: Self.device) == .absent)
        let path = try cache.keep(tuning, for: Self.device)
        #expect(cache.find(for: Self.device) == .found(tuning))
        let whole = try Data(contentsOf: URL(filePath: path))
        for place in stride(from: 0, to: whole.count, by: 97) {
            var changed = whole
            changed[place] ^= 1
            for data in [changed, whole.prefix(place)] {
                try data.write(to: URL(filePath: path))
                guard case .unusable(let reason) = cache.find(for: Self.device) else {
                    Issue.record("changed at \(place), and used")
                    continue
                }
                #expect(reason.contains(path) && reason.contains("default shapes are") && !reason.contains("\n"))
            }
        }
        // A newer file is in its place.
        #expect(try cache.keep(Tuning(), for: Self.device) == path)
        #expect(cache.find(for: Self.device) == .found(Tuning()))
    }

    /// The kernels of a product that is tuned, and of another that is not.
    @Test func productsHaveTheShapesOfTheirKernelSet() throws {
        let product = MatrixProduct(.q4, depth: 1024, columns: 512)
        let space = ShapeSpace(product, limits: Self.device.limits, facts: Self.device.facts)
        var tuning = Tuning()
        for choice in space.candidates {
            tuning[product] = choice
            let kernels = try KernelSet(device: Self.device, tuning: tuning)
            func heights(columns: Int) throws -> [Int] {
                let layout = PanelLayout(vectorWidth: 4)
                let shape = PanelShape(format: .q4, depth: 1024, panels: columns / layout.width, layout: layout)
                func buffer(_ count: Int) throws -> any Buffer {
                    try Self.device.makeBuffer(byteCount: count, access: .device, label: "")
                }
                let product = try MatMul(
                    kernels, x: .floats(buffer(1 << 20)),
                    weights: DeviceWeights(
                        shape: shape, words: buffer(shape.weightByteCount), scales: buffer(shape.scaleByteCount)),
                    y: buffer(1 << 20), columns: columns, stride: columns)
                return product.heights
            }
            #expect(try heights(columns: 512) == space.shapes(choice).map(\.height))
            #expect(try heights(columns: 1024).last == 96)
        }
    }
}
