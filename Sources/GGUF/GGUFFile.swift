package import Files

/// An open model file: its metadata in memory, its tensors to be read.
///
/// A model in several parts is opened by any of them, and read as one file. Nothing in a file is trusted: see
/// `GGUFPart`.
///
/// Source: GGUF specification, versions 2 and 3, little-endian.
package final class GGUFFile: Sendable {
    package let version: Int
    package let metadata: GGUFMetadata
    /// All tensors, in the order of the file, and of its parts.
    package let tensors: [GGUFTensor]
    /// The parts in their order; one file where the model is not split.
    package let files: [OpenFile]
    private let tensorIndices: [String: Int]

    /// Opens the file at `path`, and the other parts where it is one, and reads all but the tensors' data.
    ///
    /// - Throws: `GGUFError` that names the file, the key or tensor at fault, and the place.
    /// - Complexity: O(bytes of metadata); 1.7 MB with 98,000 strings take about 10 ms.
    package init(path: String) throws(GGUFError) {
        let joined = try JoinedParts(path: path)
        (version, metadata, tensors, files) = (joined.version, joined.metadata, joined.tensors, joined.files)
        tensorIndices = Dictionary(uniqueKeysWithValues: joined.tensors.enumerated().map { ($1.name, $0) })
    }

    /// Of the first part.
    package var path: String { files[0].path }
    /// Of all parts.
    package var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

    /// The tensor called `name`.
    ///
    /// - Throws: `GGUFError` with code `missingTensor`.
    /// - Complexity: O(1).
    package func tensor(_ name: String) throws(GGUFError) -> GGUFTensor {
        guard let tensor = tensorIfPresent(name) else {
            throw GGUFError(.missingTensor, .tensor(name), "the file has no such tensor", in: path)
        }
        return tensor
    }

    /// The tensor called `name`, or `nil` if the file has none.
    package func tensorIfPresent(_ name: String) -> GGUFTensor? {
        tensorIndices[name].map { tensors[$0] }
    }

    /// Makes sure that nobody wrote to any part since it was opened: what was read until now belongs together.
    ///
    /// - Throws: `GGUFError` with code `changed`.
    package func checkUnchanged() throws(GGUFError) {
        for file in files { try GGUFError.wrap { () throws(FileFault) in try file.checkUnchanged() } }
    }
}
