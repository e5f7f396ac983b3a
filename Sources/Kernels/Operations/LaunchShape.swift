package import Compute
import Quantities

/// How an operation is cut into groups of lanes on a device: a kernel, its options, and what one tile of it covers.
///
/// A pure function of the operation's sizes and of what the device is, never of the batch: a row's sums are the same
/// whatever stands beside it.
///
/// ```
/// let shapes = LaunchShape.products(
///     .q4K, depth: 4096, columns: 4096, epilogue: .none, terms: 0, limits: limits, facts: facts)
/// ```
package struct LaunchShape: Sendable, Hashable {
    /// Who computes, and with what.
    package enum Path: String, Sendable, Codable {
        /// A core's vectors: a group is one lane, or one subgroup of a CPU driver.
        case cpu
        /// The lanes of a GPU's groups, in single precision.
        case simd
        /// Whole numbers, added four at a time where the device can.
        case integerDot = "integer-dot"
        /// Matrix units, for all numbers of rows: then a row's sums are the same for all.
        case matrix
    }

    package var path: Path
    package var kernel: String
    package var options: [String: String]
    package var groupSize: Int
    /// Rows that a tile covers.
    package var height: Int
    /// Quads of a row that a tile covers.
    package var width: Int
    /// Bytes of shared memory that a group takes.
    package var sharedBytes = 0

    /// Tiles that cover `rows` rows of `columns` quads.
    package func tiles(rows: Int, columns: Int) -> Int {
        (rows + height - 1) / height * ((columns + width - 1) / width)
    }
}

extension DeviceLimits {
    /// Whether groups larger than a subgroup work together: on GPUs.
    package var hasGroups: Bool {
        vectorWidth == 4 && sharedMemoryBytes >= 16 << 10 && maxGroupSize >= Self.wideGroup && maxBindings >= 7
    }

    /// Lanes of a group that takes a row, or a tile of many rows: enough for a GPU to hide latency with two or three
    /// groups a unit, and what every API grants but the smallest.
    package static let wideGroup = 256

    /// The group size of kernels that take a row a tile.
    package var rowGroupSize: Int { hasGroups ? Self.wideGroup : groupSize }
}

// MARK: - Attention

extension LaunchShape {
    /// Parts that a long context is cut into at most, in attention of groups; `attention.part` says where.
    package static let parts = 8
    /// Tokens of a part at least: shorter contexts are not cut.
    package static let partTokens = 512

    /// The most parts that what a row attends to is cut into in a sequence of `longest` tokens; 1 where no row is cut.
    package static func partCount(longest: Int, _ mask: AttentionMask) -> Int {
        let most = mask.most(of: longest)
        guard most > partTokens else { return 1 }
        // The first part begins up to a part before the first token.
        let reach = min(longest, most + partTokens - 1)
        return min(parts, (reach + partTokens - 1) / partTokens)
    }

    /// The shapes of attention: for rows of any sequences, and for many neighbouring rows of the same.
    /// - Parameter isCut: whether contexts are cut into parts, which groups can do alone.
    package static func attention(
        _ shape: AttentionShape, isCut: Bool = false, limits: DeviceLimits
    ) -> [LaunchShape] {
        let ratio = shape.heads / shape.kvHeads
        var options = ["KV": shape.page.type.option, "HEAD_SIZE": "\(shape.headSize)"]
        guard limits.hasGroups else {
            // As many heads as share a key, while their sums fit in registers.
            let queries = (1...min(max(1, 256 / shape.headSize), 4)).last { ratio % $0 == 0 } ?? 1
            options["QUERIES"] = "\(queries)"
            // Measured: products of two rows take as long as a core's vectors can multiply; of four they were no
            // faster.
            return (limits.vectorWidth > 4 && limits.groupSize == 1 ? [1, 2] : [1]).map { rows in
                options["ROWS"] = "\(rows)"
                return LaunchShape(
                    path: .cpu, kernel: "attention", options: options, groupSize: limits.groupSize, height: rows,
                    width: queries)
            }
        }
        func tile(queries: Int, rows: Int) -> LaunchShape {
            options["QUERIES"] = "\(queries)"
            options["ROWS"] = "\(rows)"
            options["PARTS"] = "\(isCut ? parts : 1)"
            options["PART_TOKENS"] = "\(partTokens)"
            options["REGISTERS"] = rows == 1 ? "128" : "255"
            let group = DeviceLimits.wideGroup, heads = queries * rows
            // Queries, weights, places of tokens, and what maxima take.
            let bytes = 4 * heads * shape.headSize + 4 * group * max(heads, 8) + 4 * group + 16 * group / 8
            return LaunchShape(
                path: .simd, kernel: "attention_tile", options: options, groupSize: group, height: rows,
                width: queries, sharedBytes: bytes)
        }
        func fits(_ shape: LaunchShape) -> Bool { shape.sharedBytes <= limits.sharedMemoryBytes }
        // Eight heads of 256 took up to 15 registers more than NVIDIA's lanes have of the 128 that let two groups stand
        // beside each other.
        let most = shape.headSize > 192 ? 4 : 8
        let queries = (1...min(ratio, most)).last { ratio % $0 == 0 && fits(tile(queries: $0, rows: 1)) } ?? 1
        // Eight elements of a value for each of eight heads: half of the registers that a lane has on any device.
        let rows = [8, 4, 2].first { queries * $0 <= 8 && fits(tile(queries: queries, rows: $0)) }
        return [tile(queries: queries, rows: 1)] + (rows.map { [tile(queries: queries, rows: $0)] } ?? [])
    }
}
