/// What a file says of itself, if it is one part of a model.
///
/// Source: `gguf-split` of llama.cpp.
struct PartKeys: Hashable {
    /// From 0.
    var number: Int
    let count: Int
    /// Of all parts together.
    let tensorCount: Int

    static let prefix = "split."
    static let tensorCountKey = prefix + "tensors.count"
    /// Each part takes a descriptor, and a process usually has 1,024. The largest models stand in some 200.
    private static let mostParts = 1000

    /// - Returns: `nil` for a file that is a whole model.
    /// - Throws: `GGUFError` with code `missingKey`, `wrongType` or `outOfRange`.
    init?(_ metadata: GGUFMetadata) throws(GGUFError) {
        guard let count = try metadata.integerIfPresent(Self.prefix + "count", in: 0...Self.mostParts), count > 1 else {
            return nil
        }
        self.count = count
        number = try metadata.integer(Self.prefix + "no", in: 0...count - 1)
        tensorCount = try metadata.integer(Self.tensorCountKey, in: 0...HeaderLimits.tensors)
    }

    var description: String { "part \(number + 1) of \(count) of a model of \(tensorCount) tensors" }
}
