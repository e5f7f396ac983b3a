/// What a tensor is, apart from its bytes: name, shape and type, checked to fit together.
package struct TensorLayout: Hashable, Sendable {
    static let maximumNameLength = 64

    package let name: String
    /// Lengths of the 1 to 4 dimensions; `shape[0]` is the length of a row, whose values lie side by side.
    package let shape: [Int]
    package let type: TensorType
    package let byteCount: Int

    /// - Throws: `GGUFError` with code `badDimensions` for a shape that is no shape or overflows, `raggedRow` if a row
    ///   is not a whole number of blocks, `limitExceeded` for an empty name or one of more than 64 bytes.
    package init(name: String, shape: [Int], type: TensorType) throws(GGUFError) {
        guard 1...Self.maximumNameLength ~= name.utf8.count else {
            throw GGUFError(
                .limitExceeded, .tensor(name), "the name has \(name.utf8.count) bytes, not 1 to 64", in: nil)
        }
        guard 1...4 ~= shape.count, shape.allSatisfy({ $0 > 0 }) else {
            throw GGUFError(.badDimensions, .tensor(name), "\(shape) is not a shape", in: nil)
        }
        guard shape[0] % type.blockSize == 0 else {
            let detail = "rows of \(shape[0]) values are not whole \(type.name) blocks of \(type.blockSize)"
            throw GGUFError(.raggedRow, .tensor(name), detail, in: nil)
        }
        guard let byteCount = Self.byteCount(shape, type) else {
            throw GGUFError(.badDimensions, .tensor(name), "the size of shape \(shape) overflows", in: nil)
        }
        self.name = name
        self.shape = shape
        self.type = type
        self.byteCount = byteCount
    }

    /// Values in a row.
    package var rowLength: Int { shape[0] }
    package var rowCount: Int { shape.dropFirst().reduce(1, *) }
    package var rowByteCount: Int { shape[0] / type.blockSize * type.blockByteCount }

    private static func byteCount(_ shape: [Int], _ type: TensorType) -> Int? {
        var values = 1
        for length in shape {
            let (product, overflow) = values.multipliedReportingOverflow(by: length)
            if overflow { return nil }
            values = product
        }
        let (bytes, overflow) = (values / type.blockSize).multipliedReportingOverflow(by: type.blockByteCount)
        return overflow ? nil : bytes
    }
}
