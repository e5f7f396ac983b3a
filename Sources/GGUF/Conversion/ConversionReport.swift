/// What a conversion did.
public struct ConversionReport: Hashable, Sendable {
    /// A matrix that could not take the wanted type.
    public struct KeptMatrix: Hashable, Sendable {
        public let name: String
        /// The type that it has in both files.
        public let type: TensorType
        /// Values in a row, which are not whole blocks of the wanted type.
        public let rowLength: Int
    }

    /// Matrices that now have the wanted type.
    public internal(set) var matrixCount = 0
    /// Norms and other vectors, stored as F32.
    public internal(set) var vectorCount = 0
    public internal(set) var keptMatrices: [KeptMatrix] = []
    /// Bytes of tensor data in the new file, without padding.
    public internal(set) var byteCount = 0
}
