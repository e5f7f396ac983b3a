import Compute
import Kernels
import Quantities
import Testing

/// What each GPU of the table needs of the shapes that it is given: enough in flight to hide what its memory takes to
/// answer, and no more than it has.
struct LaunchShapeTests {
    struct Matrix: Sendable {
        var depth: Int
        var columns: Int
        var epilogue = MatMul.Epilogue.none
    }

    /// The matrices of Llama 3.2 1B and of Llama 3.1 8B. Source: their `config.json`.
    static let matrices = [(2048, 8192, 3072), (4096, 14336, 6144)].flatMap { width, forward, qkv in
        [
            Matrix(depth: width, columns: qkv), Matrix(depth: width, columns: width, epilogue: .residual),
            Matrix(depth: width, columns: forward, epilogue: .swiglu),
            Matrix(depth: forward, columns: width, epilogue: .residual), Matrix(depth: width, columns: 128_256),
        ]
    }

    static let formats = [WeightFormat.q4K, .q6K, .q8, .f16]

    private static func shapes(
        _ matrix: Matrix, _ format: WeightFormat, _ facts: DeviceFacts, terms: Int = 0
    ) -> [LaunchShape] {
        LaunchShape.products(
            format, depth: matrix.depth, columns: matrix.columns / 4, epilogue: matrix.epilogue, terms: terms,
            limits: DeviceLimits(facts), facts: facts)
    }

    /// Subgroups of `shape` that a unit has in flight, with as many registers as inspection holds kernels to.
    private static func inFlight(_ shape: LaunchShape, rows: Int, columns: Int, _ facts: DeviceFacts) -> Int {
        let subgroups = (shape.groupSize + facts.subgroupSize - 1) / facts.subgroupSize
        let registerBytes = 128 * 4 * facts.subgroupSize
        let groups = min(
            facts.subgroupsPerUnit / subgroups, facts.registerBytesPerUnit / registerBytes / subgroups,
            shape.sharedBytes == 0 ? .max : facts.sharedBytesPerUnit / shape.sharedBytes)
        let all = shape.tiles(rows: rows, columns: columns) * subgroups / facts.computeUnits
        return min(groups * subgroups, all)
    }

    @Test(arguments: DeviceFacts.known)
    func oneRowFillsTheDevice(_ facts: DeviceFacts) {
        for matrix in Self.matrices {
            let bytes = Self.formats.filter { $0.blocks != nil }.map { ($0, 1) }
            for (format, terms) in Self.formats.map({ ($0, 0) }) + bytes {
                let shape = Self.shapes(matrix, format, facts, terms: terms)[0]
                #expect(shape.kernel == (terms > 0 ? "matmul_bytes" : "matmul") && shape.height == 1)
                #expect(shape.path == (terms > 0 ? .integerDot : .simd))
                let inFlight = Self.inFlight(shape, rows: 1, columns: matrix.columns / 4, facts)
                // Or every block of the matrix has a lane of its own, up to a power of two.
                let splits = Int(shape.options["SPLITS"] ?? "") ?? 0
                let isAll = splits * 2 > matrix.depth / 32 || splits == LaunchShape.Splits.most
                #expect(inFlight >= 16 || isAll, "\(facts.name): \(inFlight) subgroups a unit, \(matrix), \(shape)")
                // A lane asks for a block of four columns at once.
                let bytes = inFlight * facts.computeUnits * facts.subgroupSize * 16 * format.bits
                #expect(
                    Double(bytes) >= facts.bandwidth * 800e-9 || isAll,
                    "\(facts.name): \(bytes) bytes in flight, \(matrix), \(shape)")
            }
        }
    }

    @Test(arguments: DeviceFacts.known)
    func everyShapeIsWithinTheDevicesLimits(_ facts: DeviceFacts) {
        let limits = DeviceLimits(facts)
        let products = Self.matrices.flatMap { matrix in
            Self.formats.flatMap { Self.shapes(matrix, $0, facts) }
                + [1, 2].flatMap { Self.shapes(matrix, .q4K, facts, terms: $0) }
        }
        let attention = PageLayout.headSizes.flatMap { headSize in
            [1, 3, 4, 7, 8].flatMap { ratio in
                LaunchShape.attention(
                    AttentionShape(
                        heads: 8 * ratio, kvHeads: 8, rotated: headSize, pagesPerBlock: 8,
                        page: PageLayout(type: .f16, headSize: headSize, pageBytes: 1 << 16, tokensPerPage: 16)),
                    limits: limits)
            }
        }
        for shape in products + attention {
            #expect(shape.sharedBytes <= facts.sharedBytesPerGroup, "\(facts.name): \(shape)")
            #expect(shape.groupSize <= facts.maxGroupSize, "\(facts.name): \(shape)")
            #expect(shape.groupSize % facts.subgroupSize == 0, "\(facts.name): \(shape)")
        }
    }

    /// What a row's sums are made of does not depend on the rows beside it.
    @Test(arguments: DeviceFacts.known)
    func theDepthIsCutAlikeForEveryHeight(_ facts: DeviceFacts) {
        for matrix in Self.matrices {
            for terms in 0...2 {
                let shapes = Self.shapes(matrix, .q4K, facts, terms: terms)
                let kernel = terms > 0 ? "matmul_bytes" : "matmul"
                #expect(Set(shapes.map { $0.options["SPLITS"] }).count == 1)
                #expect(shapes.map(\.height) == shapes.map(\.height).sorted() && shapes[0].height == 1)
                #expect(Set(shapes.map(\.kernel)) == [kernel, "\(kernel)_tile"])
            }
        }
    }

    /// Shapes that drivers list: NVIDIA's and AMD's, Intel's, and lavapipe's.
    @Test(arguments: [
        ("RTX 4090", 16, 16, 16), ("H200", 16, 16, 16), ("RX 7900 XTX", 16, 16, 16), ("B580", 8, 16, 16),
    ])
    func matrixUnitsTakeEveryHeight(_ name: String, _ rows: Int, _ columns: Int, _ depth: Int) throws {
        let facts = try #require(DeviceFacts.known.first { $0.name == name })
        var limits = DeviceLimits(facts)
        limits.matrix = MatrixShape(rows: rows, columns: columns, depth: depth)
        for matrix in Self.matrices {
            let shapes = LaunchShape.products(
                .q4K, depth: matrix.depth, columns: matrix.columns / 4, epilogue: matrix.epilogue, terms: 0,
                limits: limits, facts: facts)
            #expect(shapes.map(\.height) == [16, 32, 64] && shapes.allSatisfy { $0.path == .matrix })
            #expect(Set(shapes.map { $0.options["SPLITS"] }).count == 1)
            for shape in shapes {
                #expect(shape.sharedBytes <= facts.sharedBytesPerGroup && shape.groupSize <= facts.maxGroupSize)
            }
        }
        // Without room for rows, weights and results, everything is computed without.
        limits.sharedMemoryBytes = 16 << 10
        let without = LaunchShape.products(
            .q4K, depth: 4096, columns: 1024, epilogue: .none, terms: 0, limits: limits, facts: facts)
        #expect(without.allSatisfy { $0.path == .simd })
    }

    /// Few rows in low tiles, several of them if need be; many in tiles as high as fill the device.
    @Test(arguments: [(1, 1), (3, 4), (16, 4), (17, 32), (40, 32), (2000, 96)])
    func theBatchChoosesATile(_ rows: Int, _ height: Int) {
        let facts = DeviceFacts.known[0]
        let shapes = Self.shapes(Matrix(depth: 4096, columns: 4096), .q4K, facts)
        let place = LaunchShape.place(in: shapes, rows: rows, columns: 1024, facts: facts) { _ in true }
        #expect(shapes[place].height == height)
        // What is not compiled yet is done without.
        let outer = LaunchShape.place(in: shapes, rows: rows, columns: 1024, facts: facts) {
            $0 == 0 || $0 == shapes.count - 1
        }
        #expect([shapes[0], shapes[shapes.count - 1]].contains(shapes[outer]))
    }

    @Test func whatIsTooSmallIsStillWholeSubgroups() {
        for facts in DeviceFacts.known {
            for depth in [32, 64, 160] {
                for shape in Self.shapes(Matrix(depth: depth, columns: 8), .q4, facts) {
                    #expect(shape.groupSize % facts.subgroupSize == 0, "\(facts.name), \(depth): \(shape)")
                    #expect((Int(shape.options["SPLITS"] ?? "") ?? 0) <= depth / 32)
                }
            }
        }
    }

    /// Names as drivers have them.
    @Test(arguments: [
        ("NVIDIA A100-SXM4-40GB", "A100"), ("NVIDIA RTX A1000", ""),
        ("AMD Radeon RX 7900 XTX (RADV NAVI31)", "RX 7900 XTX"),
        ("AMD Radeon 780M Graphics (RADV GFX1103_R1)", "780M"), ("Intel(R) Arc(tm) B580 Graphics (BMG G21)", "B580"),
        ("Mali-G720-Immortalis", "Mali-G720"), ("NVIDIA GeForce RTX 4090", "RTX 4090"), ("NVIDIA H200", "H200"),
    ])
    func devicesAreKnownByName(_ name: String, _ known: String) {
        let description = DeviceDescription(
            api: .vulkan, index: 0, name: name, kind: .discrete, driver: "", memoryByteCount: 0)
        #expect(DeviceFacts(description).name == known)
    }

    @Test func aCPUHasNoGroups() {
        let limits = DeviceLimits(
            maxBindingSize: 1 << 30, maxAllocationSize: 1 << 30, maxTexelElements: 0, maxBindings: 16,
            maxGroupSize: 4096, maxGroupCount: 65535, maxParameterBytes: 128, subgroupSize: 1, groupSize: 1,
            vectorWidth: 8)
        let shapes = LaunchShape.products(
            .q4, depth: 2048, columns: 512, epilogue: .none, terms: 1, limits: limits,
            facts: DeviceFacts.known[0])
        #expect(
            shapes.map(\.height) == [1, 2, 4, 32] && shapes.allSatisfy { $0.path == .integerDot && $0.groupSize == 1 })
        // Two rows share a key where a lane has wide vectors.
        let attention = AttentionShape(
            heads: 9, kvHeads: 3, rotated: 64, pagesPerBlock: 3,
            page: PageLayout(type: .f16, headSize: 64, pageBytes: 1 << 16, tokensPerPage: 256))
        var narrow = limits
        narrow.vectorWidth = 4
        #expect(LaunchShape.attention(attention, limits: limits).map(\.height) == [1, 2])
        narrow.groupSize = 8
        narrow.maxGroupSize = 128
        #expect(LaunchShape.attention(attention, limits: narrow).map(\.height) == [1])
    }
}
