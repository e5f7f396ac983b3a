package import Compute

/// In what a product's shapes differ from those that its device gets without tuning.
///
/// Nothing in it depends on the number of rows, and one choice holds for all of them: a row's sums must be the same
/// whatever stands beside it.
package struct ShapeChoice: Sendable, Hashable, Codable {
    /// Without matrix units where it is `simd`.
    package var path: LaunchShape.Path?
    /// Parts of the depth that the lanes of a group share.
    package var splits: Int?
    /// Vecs of columns, where there are few rows: that a group covers, or a lane of a CPU.
    package var width: Int?
    /// The highest tile.
    package var tile: Tile?

    /// `rows` of a lane, or in groups sixteen times as many; on CPUs `passes` times, with one pass for no tile.
    package struct Tile: Sendable, Hashable, Codable {
        package var rows: Int
        package var passes: Int

        package init(rows: Int, passes: Int = 1) { (self.rows, self.passes) = (rows, passes) }
    }

    package init(
        path: LaunchShape.Path? = nil, splits: Int? = nil, width: Int? = nil, tile: Tile? = nil
    ) {
        (self.path, self.splits, self.width, self.tile) = (path, splits, width, tile)
    }

    /// With the tile of another choice.
    package func with(tileOf other: ShapeChoice) -> ShapeChoice {
        var choice = self
        choice.tile = other.tile
        return choice
    }
}

extension ShapeChoice: CustomStringConvertible {
    package var description: String {
        let words = [
            path.map(\.rawValue), splits.map { "\($0) splits" }, width.map { "\($0) wide" },
            tile.map { $0.passes > 1 ? "tile \($0.rows)x\($0.passes)" : "tile \($0.rows)" },
        ].compactMap { $0 }
        return words.isEmpty ? "default" : words.joined(separator: ", ")
    }
}

/// The shapes of a product that are worth measuring on a device: a few around the default, every one of them right.
///
/// ```
/// let space = ShapeSpace(product, limits: limits, facts: facts)
/// for choice in space.candidates { print(choice, space.shapes(choice)) }
/// ```
package struct ShapeSpace: Sendable {
    /// What is chosen for few rows, in which also the order of sums may differ. The default comes first.
    package let ofFewRows: [ShapeChoice]
    /// Tiles of many rows. The default comes first.
    package let ofManyRows: [ShapeChoice]
    /// All of one with all of the other, but for those that come to the same shapes. The default comes first.
    package let candidates: [ShapeChoice]

    package let product: MatrixProduct
    private let limits: DeviceLimits
    private let facts: DeviceFacts

    package init(_ product: MatrixProduct, limits: DeviceLimits, facts: DeviceFacts) {
        (self.product, self.limits, self.facts) = (product, limits, facts)
        func shapes(_ choice: ShapeChoice) -> [LaunchShape] {
            product.shapes(choice, limits: limits, facts: facts)
        }
        let few = limits.hasGroups ? product.groups(limits, facts) : product.lanes(limits)
        let many = limits.hasGroups ? product.groupTiles(limits) : product.laneTiles(limits)
        let normal = shapes(ShapeChoice())
        var known: Set<[LaunchShape]> = []
        func isNew(_ choice: ShapeChoice) -> Bool {
            let shapes = shapes(choice)
            // Many rows go into tiles where they do so without tuning.
            let hasTile = !limits.hasGroups || shapes.last?.isTile == normal.last?.isTile
            return hasTile && shapes.allSatisfy(limits.takes) && known.insert(shapes).inserted
        }
        let all = [ShapeChoice()] + few.flatMap { few in many.map { few.with(tileOf: $0) } }
        candidates = all.filter(isNew)
        let candidates = candidates
        ofFewRows = [ShapeChoice()] + candidates.filter { $0.tile == nil && $0 != ShapeChoice() }
        ofManyRows = many.filter { tile in candidates.contains { $0.tile == tile.tile } }
    }

    package func shapes(_ choice: ShapeChoice) -> [LaunchShape] {
        product.shapes(choice, limits: limits, facts: facts)
    }
}

extension MatrixProduct {
    /// How groups may share a product of few rows.
    fileprivate func groups(_ limits: DeviceLimits, _ facts: DeviceFacts) -> [ShapeChoice] {
        if shapes(ShapeChoice(), limits: limits, facts: facts)[0].path == .matrix {
            return [ShapeChoice(), ShapeChoice(path: .simd)] + (isPaired ? [] : [ShapeChoice(splits: 4)])
        }
        let packed = columns / 4 * (isPaired ? 2 : 1)
        let splits = LaunchShape.Splits(
            depth: depth, columns: packed, limits: limits, facts: facts, isPaired: isPaired)
        let others = splits.count == 1 ? [] : splits.alternatives(depth: depth, limits: limits, isPaired: isPaired)
        return [ShapeChoice()] + others.map { ShapeChoice(splits: $0.count, width: $0.width) }
    }

    fileprivate func groupTiles(_ limits: DeviceLimits) -> [ShapeChoice] {
        [ShapeChoice()] + [4, 2].map { ShapeChoice(tile: .init(rows: $0)) }
    }

    /// What a lane of a CPU may compute of few rows. Gate and up are always two vecs.
    fileprivate func lanes(_ limits: DeviceLimits) -> [ShapeChoice] {
        let widths = isPaired ? [] : terms > 0 ? [1, 2] : [1, 2, 3]
        return [ShapeChoice()] + widths.map { ShapeChoice(width: $0) }
    }

    /// Weights that stand for themselves need no tile that unpacks them once.
    fileprivate func laneTiles(_ limits: DeviceLimits) -> [ShapeChoice] {
        guard format.blocks != nil else { return [ShapeChoice()] }
        let tiles: [(Int, Int)] = terms > 0 ? [(2, 8), (4, 8)] : [(2, 8), (4, 8), (8, 4), (8, 8)]
        let fitting = tiles.filter { rows, _ in limits.vecs(2, rows: rows) == 2 }
        return [ShapeChoice(), ShapeChoice(tile: .init(rows: 8))]
            + fitting.map { ShapeChoice(tile: .init(rows: $0, passes: $1)) }
    }
}

extension DeviceLimits {
    /// As many vecs, up to `most`, as a CPU has registers for: sums of `rows` rows, weights, and one of `x`.
    func vecs(_ most: Int, rows: Int) -> Int {
        let registers = vectorWidth == 16 ? 32 : 16
        return max(1, min(most, (registers - 1) / (rows + 1)))
    }

    /// Whether a group of such a shape can be launched.
    fileprivate func takes(_ shape: LaunchShape) -> Bool {
        shape.groupSize <= maxGroupSize && shape.groupSize % max(1, subgroupSize) == 0
            && (shape.sharedBytes == 0 || shape.sharedBytes <= sharedMemoryBytes)
    }
}
