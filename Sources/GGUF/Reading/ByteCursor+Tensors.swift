extension ByteCursor {
    /// Reads `count` tensor descriptions. Their offsets are relative to the start of the data and not yet checked
    /// against it.
    mutating func tensors(count: Int) throws(GGUFError) -> [(layout: TensorLayout, offset: UInt64)] {
        var tensors: [(layout: TensorLayout, offset: UInt64)] = []
        var names: Set<String> = []
        tensors.reserveCapacity(count)
        for _ in 0..<count {
            subject = .file
            let name = try string("the name of a tensor", maximum: TensorLayout.maximumNameLength)
            subject = .tensor(name)
            guard names.insert(name).inserted else { throw error(.duplicateTensor, "the name occurs twice") }
            let shape = try shape()
            let type = try tensorType()
            let layout: TensorLayout
            do { layout = try TensorLayout(name: name, shape: shape, type: type) } catch {
                throw self.error(error.code, error.detail)
            }
            tensors.append((layout, try number(UInt64.self, "an offset")))
        }
        subject = .file
        return tensors
    }

    private mutating func shape() throws(GGUFError) -> [Int] {
        let rank = try number(UInt32.self, "the number of dimensions")
        guard 1...4 ~= rank else { throw error(.badDimensions, "\(rank) dimensions; 1 to 4 are possible") }
        var shape: [Int] = []
        for _ in 0..<rank {
            let length = try number(UInt64.self, "a dimension")
            guard length > 0, let length = Int(exactly: length) else {
                throw error(.badDimensions, "a dimension is \(length)")
            }
            shape.append(length)
        }
        return shape
    }

    private mutating func tensorType() throws(GGUFError) -> TensorType {
        let raw = try number(UInt32.self, "the type of a tensor")
        if let type = TensorType(rawValue: raw) { return type }
        let name = TensorType.unsupportedNames[raw].map { "type \($0)" } ?? "unknown type \(raw)"
        let supported = TensorType.allCases.map(\.name).joined(separator: ", ")
        throw error(.unsupportedTensorType, "\(name) is not supported; supported are \(supported)")
    }
}
