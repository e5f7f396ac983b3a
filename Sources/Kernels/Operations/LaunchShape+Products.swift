package import Compute

extension LaunchShape {
    /// The shapes of a product, from the lowest tile to the highest; the batch chooses among them.
    ///
    /// - Parameters:
    ///   - columns: quads of `y`.
    ///   - terms: rows of bytes that make one; 0 where they are floats.
    ///   - choice: one of the product's `ShapeSpace`; the default is what suits most devices of a kind.
    package static func products(
        _ format: WeightFormat, depth: Int, columns: Int, epilogue: MatMul.Epilogue, terms: Int,
        choice: ShapeChoice = ShapeChoice(), limits: DeviceLimits, facts: DeviceFacts
    ) -> [LaunchShape] {
        func shape(
            _ path: Path, _ kernel: String, rows: Int, _ options: [String: String], height: Int, width: Int,
            groupSize: Int? = nil, sharedBytes: Int = 0
        ) -> LaunchShape {
            var options = options
            options["WEIGHTS"] = format.rawValue
            options["ROWS"] = "\(rows)"
            return LaunchShape(
                path: path, kernel: kernel, options: options, groupSize: groupSize ?? limits.groupSize, height: height,
                width: width, sharedBytes: sharedBytes)
        }
        if !limits.hasGroups {
            return (terms > 0 ? byteTiles(limits, terms, choice) : tiles(of: format, epilogue, limits, choice)).map {
                tile in
                let vecs = limits.groupSize * (epilogue.isPaired ? 1 : tile.vecs)
                var own = ["SPLITS": "1", "HELD": "1"]
                if terms > 0 { own["TERMS"] = "\(terms)" }
                return shape(
                    terms > 0 ? .integerDot : .cpu, terms > 0 ? "matmul_bytes" : "matmul", rows: tile.rows,
                    own.merging(["PASSES": "\(tile.passes)", "COLUMNS": "\(tile.vecs)"]) { $1 },
                    height: tile.rows * tile.passes / max(1, terms), width: vecs * limits.vectorWidth / 4)
            }
        }
        if terms == 0, choice.path != .simd, let matrix = limits.matrix {
            let shapes = Self.matrixShapes(matrix, isPaired: epilogue.isPaired, limits, choice)
            // Where a tile of few rows does not fit, all are computed without.
            if shapes.count > 1 {
                return shapes.map { tile in
                    shape(
                        .matrix, "matmul_matrix", rows: tile.rows, tile.options, height: 16 * tile.rows,
                        width: tile.width, groupSize: tile.groupSize, sharedBytes: tile.sharedBytes)
                }
            }
        }
        let packed = columns * (epilogue.isPaired ? 2 : 1)
        var splits = Splits(depth: depth, columns: packed, limits: limits, facts: facts, isPaired: epilogue.isPaired)
        splits.count = choice.splits ?? splits.count
        splits.width = choice.width ?? splits.width
        let path = terms > 0 ? Path.integerDot : .simd
        let kernel = terms > 0 ? "matmul_bytes" : "matmul"
        var own = ["SPLITS": "\(splits.count)"]
        if terms > 0 { own["TERMS"] = "\(terms)" }
        // Eight rows at once would need more registers than a lane has.
        let low = (splits.count > 1 ? [1, 2, 4] : []).filter { $0 >= terms }.map { rows in
            // Rows whose sums fit in the 16 KiB of shared memory that every API grants.
            let group = splits.width * splits.count, height = rows / max(1, terms), held = min(height, 1024 / group)
            return shape(
                path, kernel, rows: rows, own.merging(["HELD": "\(held)", "COLUMNS": "1", "PASSES": "1"]) { $1 },
                height: height, width: splits.width / (epilogue.isPaired ? 2 : 1), groupSize: group,
                sharedBytes: 16 * group * held)
        }
        let parts = format.blocks?.parts ?? 0
        // More than six rows of every lane would need more registers than AMD's compiler gives.
        let most = choice.tile?.rows ?? 6
        let high = [1, 2, 4, 6].filter { $0 <= most && $0 % max(1, terms) == 0 }.map { rows in
            shape(
                path, "\(kernel)_tile", rows: rows, own.merging(["REGISTERS": "255"]) { $1 },
                height: 16 * rows / max(1, terms), width: epilogue.isPaired ? 8 : 16, groupSize: DeviceLimits.wideGroup,
                // Rows of x with room between them, unpacked weights, sums of rows or scales of blocks.
                sharedBytes: terms > 0
                    ? 16 * rows * (16 * 5 + 4 * 6) + 16 * 256 : 16 * (16 * rows * 9) + 16 * 512 + 4 * 16 * rows * parts)
        }
        return low + high.filter { $0.sharedBytes <= limits.sharedMemoryBytes && (low.isEmpty || $0.height > 16) }
    }

    /// What a group computes on matrix units.
    private struct MatrixTile {
        /// Times 16.
        var rows: Int
        var width: Int
        var groupSize: Int
        var sharedBytes: Int
        var options: [String: String]
    }

    /// Few rows by eight subgroups that share the depth, or 32 and 64 by four side by side. What there is room for, the
    /// lowest first; none on devices that multiply other shapes than the kernel is made for.
    private static func matrixShapes(
        _ matrix: MatrixShape, isPaired: Bool, _ limits: DeviceLimits, _ choice: ShapeChoice
    ) -> [MatrixTile] {
        guard limits.subgroupSize > 1, [8, 16].contains(matrix.rows), [8, 16].contains(matrix.columns),
            [8, 16, 32].contains(matrix.depth)
        else { return [] }
        // A pair needs two panels beside each other.
        let splits = choice.splits ?? (isPaired ? 4 : 8), most = choice.tile?.rows ?? 4
        func tile(rows: Int, waves: Int, parallel: Int, pad: Int) -> MatrixTile {
            let columns = 32 * waves / parallel
            let halves = parallel * (32 * (columns + pad) + 16 * rows * (32 + pad))
            return MatrixTile(
                rows: rows, width: columns / 4 / (isPaired ? 2 : 1), groupSize: waves * limits.subgroupSize,
                sharedBytes: 2 * halves + 4 * matrix.rows * matrix.columns * waves,
                options: [
                    "WAVES": "\(waves)", "SPLITS": "\(splits)", "PARALLEL": "\(parallel)", "PAD": "\(pad)",
                    "MATRIX_M": "\(matrix.rows)", "MATRIX_N": "\(matrix.columns)", "MATRIX_K": "\(matrix.depth)",
                    "REGISTERS": rows == 1 ? "128" : "255",
                ])
        }
        let low = tile(rows: 1, waves: 8, parallel: splits, pad: 0)
        let high = [2, 4].filter { $0 <= most }.map { tile(rows: $0, waves: 4, parallel: 1, pad: 8) }
        func fits(_ tile: MatrixTile) -> Bool {
            tile.sharedBytes <= limits.sharedMemoryBytes && tile.groupSize <= limits.maxGroupSize
        }
        return fits(low) ? [low] + high.filter(fits) : []
    }

    /// What a lane of a CPU computes: `passes` times `rows` rows by `vecs` vecs.
    private struct Tile {
        var rows: Int
        var passes = 1
        var vecs = 2
    }

    /// By measurement. A CPU with vectors of 16 has 32 registers for them: 24 sums, three vecs of weights and one of
    /// `x` fill these. Blocks have sums of their own besides, and a single row needs few.
    private static func tiles(
        of format: WeightFormat, _ epilogue: MatMul.Epilogue, _ limits: DeviceLimits, _ choice: ShapeChoice
    ) -> [Tile] {
        let isWide = limits.vectorWidth == 16, isPaired = epilogue.isPaired
        let low = [1, 2, 4, 8].map { rows in
            let vecs = isWide && format.blocks == nil && rows > 1 && !isPaired ? 3 : 2
            return Tile(rows: rows, vecs: choice.width.map { limits.vecs($0, rows: rows) } ?? vecs)
        }
        if let tile = choice.tile { return low + high(tile, isPaired: isPaired, isWide: isWide) }
        guard isWide, format.blocks != nil else { return low }
        return low
            + high(isPaired ? .init(rows: 8, passes: 4) : .init(rows: 4, passes: 8), isPaired: isPaired, isWide: true)
    }

    /// Eight sums, two vecs of weights and one of `x` leave the sixteen registers of a CPU with vectors of 8 some room.
    private static func byteTiles(_ limits: DeviceLimits, _ terms: Int, _ choice: ShapeChoice) -> [Tile] {
        let low = [1, 2, 4].filter { $0 >= terms }.map { Tile(rows: $0, vecs: choice.width ?? 2) }
        if let tile = choice.tile { return low + high(tile, isPaired: true, isWide: false) }
        return limits.vectorWidth > 4 ? low + [Tile(rows: 4, passes: 8)] : low
    }

    /// The tile of many rows, none where it has a single pass: three vecs where registers allow as many.
    private static func high(_ tile: ShapeChoice.Tile, isPaired: Bool, isWide: Bool) -> [Tile] {
        guard tile.passes > 1 else { return [] }
        return [Tile(rows: tile.rows, passes: tile.passes, vecs: isWide && !isPaired && tile.rows <= 4 ? 3 : 2)]
    }

    /// How the lanes of a group share the depth of a product of few rows.
    package struct Splits: Hashable {
        /// Vecs of columns that a group covers.
        var width: Int
        var count: Int

        /// Subgroups in flight that a unit needs to hide what memory takes to answer.
        private static let subgroupsPerUnit = 16
        /// With 128 registers a lane, more lanes would not fit in an SM of NVIDIA's.
        private static let mostLanes = 512
        /// The sums of more splits, which are added one after the other, would take longer than reading them.
        package static let most = 128

        /// - Parameters:
        ///   - columns: quads of packed columns.
        ///   - isPaired: whether a group needs gate and up, which are neighbouring panels.
        init(depth: Int, columns: Int, limits: DeviceLimits, facts: DeviceFacts, isPaired: Bool) {
            let subgroup = max(32, limits.subgroupSize), lanes = Self.subgroupsPerUnit * facts.computeUnits * subgroup
            let wanted = (lanes + columns - 1) / max(1, columns)
            let most = min((depth + 31) / 32, Self.most)
            // Eight at least: then a group is two subgroups or more, which hide each other's loads too.
            var count = 1
            while count * 2 <= most, count < max(8, wanted) { count *= 2 }
            // A panel, which is a cache line, or half of one where there would be too many lanes.
            let panel = PanelLayout(vectorWidth: 4).width / 4, mostLanes = min(limits.maxGroupSize, Self.mostLanes)
            let least = isPaired ? 2 * panel : panel / 2
            while count > 1, least * count > mostLanes { count /= 2 }
            width = max(least, min(max(panel, least), mostLanes / count))
            // Whole subgroups, where the depth is too little for that.
            width = max(width, subgroup / count)
            self.count = count
        }

        /// These and others around them that the device and the kernels allow: a half to four times as many, of half to
        /// twice the width.
        func alternatives(depth: Int, limits: DeviceLimits, isPaired: Bool) -> [Splits] {
            let subgroup = max(32, limits.subgroupSize), panel = PanelLayout(vectorWidth: 4).width / 4
            let most = min((depth + 31) / 32, Self.most), least = isPaired ? 2 * panel : panel / 2
            let counts = [count / 4, count / 2, count, 2 * count, 4 * count].filter { 2 <= $0 && $0 <= most }
            return counts.flatMap { count in
                [width / 2, width, 2 * width].compactMap { width in
                    let lanes = width * count
                    guard width >= least, lanes <= min(limits.maxGroupSize, Self.mostLanes), lanes % subgroup == 0,
                        lanes & (lanes - 1) == 0
                    else { return nil }
                    var splits = self
                    (splits.width, splits.count) = (width, count)
                    return splits
                }
            }
        }
    }

    /// The shape for `rows` rows among those that are compiled.
    ///
    /// The lowest that holds them all; several low ones where they fill less than half of the lowest tile of a group,
    /// and a higher tile only where there are enough of them for every compute unit to have two.
    package static func place(
        in shapes: [LaunchShape], rows: Int, columns: Int, facts: DeviceFacts, isCompiled: (Int) -> Bool
    ) -> Int {
        var place: Int?
        var hasTile = false
        for index in shapes.indices where isCompiled(index) {
            let shape = shapes[index]
            if shape.isTile {
                if !hasTile, let place, 2 * rows <= shape.height { return place }
                if hasTile, shape.tiles(rows: rows, columns: columns) < 2 * facts.computeUnits { continue }
                hasTile = true
            }
            place = index
            if shape.height >= rows { break }
        }
        guard let place else { preconditionFailure("a product was dispatched before it was compiled") }
        return place
    }

    /// Whether a group has a tile of many rows in the memory that its lanes share.
    var isTile: Bool { kernel.hasSuffix("_tile") || options["PARALLEL"] == "1" }
}
