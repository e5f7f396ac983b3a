/// What a conversion did.
package struct ConversionReport: Hashable, Sendable {
    /// A matrix that could not take the wanted type.
    package struct KeptMatrix: Hashable, Sendable {
        package let name: String
        /// The type that it has in both files.
        package let type: TensorType
        /// Values in a row, which are not whole blocks of the wanted type.
        package let rowLength: Int
    }

    /// Matrices that now have the wanted type.
    package internal(set) var matrixCount = 0
    /// Norms and other vectors, stored as F32.
    package internal(set) var vectorCount = 0
    package internal(set) var keptMatrices: [KeptMatrix] = []
    /// Bytes of tensor data in the new file, without padding.
    package internal(set) var byteCount = 0
}
