import Compute
import Kernels
import Testing

/// What is tried in tuning: every choice is one that the device and the kernels allow, and none depends on rows.
struct ShapeSpaceTests {
    /// The devices of the table, those of them with matrix units, and CPUs with vectors of each width.
    static let devices: [(facts: DeviceFacts, limits: DeviceLimits)] = {
        let gpus = DeviceFacts.known.map { ($0, DeviceLimits($0)) }
        let withUnits = gpus.map { facts, limits in
            var limits = limits
            limits.matrix = MatrixShape(rows: facts.subgroupSize == 16 ? 8 : 16, columns: 16, depth: 16)
            return (facts, limits)
        }
        let cpus = [4, 8, 16].map { width in
            (
                DeviceFacts.known[0],
                DeviceLimits(
                    maxBindingSize: 1 << 30, maxAllocationSize: 1 << 30, maxTexelElements: 0, maxBindings: 16,
                    maxGroupSize: 4096, maxGroupCount: 65535, maxParameterBytes: 128, subgroupSize: 1, groupSize: 1,
                    vectorWidth: width)
            )
        }
        return gpus + withUnits + cpus
    }()

    static let products: [MatrixProduct] =
        LaunchShapeTests.matrices.flatMap { matrix in
            [WeightFormat.q4K, .q6K, .f16].flatMap { format in
                (format.blocks == nil ? [0] : [0, 1, 2]).map { terms in
                    MatrixProduct(
                        format, depth: matrix.depth, columns: matrix.columns, isPaired: matrix.epilogue.isPaired,
                        terms: terms)
                }
            }
        } + [MatrixProduct(.q4, depth: 32, columns: 8), MatrixProduct(.f32, depth: 160, columns: 36, isPaired: true)]

    @Test(arguments: devices.indices)
    func everyCandidateIsWithinTheDevicesLimits(_ index: Int) throws {
        let (facts, limits) = Self.devices[index], sources = try KernelLibrary.sources()
        for product in Self.products {
            let space = ShapeSpace(product, limits: limits, facts: facts)
            for choice in space.candidates {
                let shapes = space.shapes(choice), words: Comment = "\(facts.name), \(product), \(choice)"
                #expect(!shapes.isEmpty && shapes.map(\.height) == Set(shapes.map(\.height)).sorted(), words)
                for shape in shapes {
                    #expect(shape.sharedBytes <= limits.sharedMemoryBytes, words)
                    #expect(shape.groupSize <= limits.maxGroupSize && shape.groupSize % limits.subgroupSize == 0, words)
                    // Lanes of low tiles have 128 registers, which an SM has for 512.
                    #expect(shape.options["HELD"] == nil || shape.groupSize <= 512, words)
                    let source = try #require(sources[shape.kernel])
                    for option in source.options {
                        guard let value = shape.options[option.name] else { continue }
                        #expect(option.values.contains(value), "\(words): \(option.name) \(value)")
                    }
                }
            }
        }
    }

    /// What a row's sums are made of is chosen for all rows at once.
    @Test(arguments: devices.indices)
    func theDepthIsCutAlikeForEveryHeight(_ index: Int) {
        let (facts, limits) = Self.devices[index]
        for product in Self.products {
            let space = ShapeSpace(product, limits: limits, facts: facts)
            for choice in space.candidates {
                let shapes = space.shapes(choice)
                #expect(Set(shapes.map { $0.options["SPLITS"] }).count == 1, "\(facts.name), \(product), \(choice)")
                #expect(Set(shapes.map(\.path)).count == 1, "\(facts.name), \(product), \(choice)")
            }
        }
    }

    @Test(arguments: devices.indices)
    func theDefaultComesFirstAndNothingTwice(_ index: Int) {
        let (facts, limits) = Self.devices[index]
        var most = 0
        for product in Self.products {
            let space = ShapeSpace(product, limits: limits, facts: facts)
            #expect(space.ofManyRows.first == ShapeChoice())
            for choices in [space.candidates, space.ofFewRows] {
                #expect(choices.first == ShapeChoice())
                #expect(Set(choices.map(space.shapes)).count == choices.count, "\(facts.name), \(product)")
            }
            let normal = product.shapes(ShapeChoice(), limits: limits, facts: facts)
            #expect(space.shapes(ShapeChoice()) == normal)
            most = max(most, space.candidates.count)
        }
        #expect(most > 3 && most <= 64)
    }

    /// There is something to choose of everything that the issue names: splits, group size, tile and path.
    @Test func thereIsAChoiceOfEachKind() throws {
        let facts = try #require(DeviceFacts.known.first { $0.name == "RTX 4090" })
        var limits = DeviceLimits(facts)
        let product = MatrixProduct(.q4K, depth: 4096, columns: 4096)
        let groups = ShapeSpace(product, limits: limits, facts: facts)
        let sizes = Set(groups.ofFewRows.map { groups.shapes($0)[0].groupSize })
        let splits = Set(groups.ofFewRows.map { groups.shapes($0)[0].options["SPLITS"] })
        #expect(sizes.count > 1 && splits.count > 2)
        #expect(Set(groups.ofManyRows.map { groups.shapes($0).last?.height }) == [96, 64, 32])
        limits.matrix = MatrixShape(rows: 16, columns: 16, depth: 16)
        let units = ShapeSpace(product, limits: limits, facts: facts)
        #expect(Set(units.ofFewRows.map { units.shapes($0)[0].path }) == [.matrix, .simd])
    }
}
