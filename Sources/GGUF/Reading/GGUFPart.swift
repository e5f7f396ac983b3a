import Files

/// One open file, as it stands on its own: a whole model, or a part of one.
///
/// Nothing in the file is trusted: every count, length, offset and size is checked before it is used, against the size
/// of the file and against what models have (`HeaderLimits`), as a sparse file may be of any size.
struct GGUFPart {
    let file: OpenFile
    let version: Int
    let metadata: GGUFMetadata
    let tensors: [GGUFTensor]

    /// Opens the file at `path` and reads all but the tensors' data.
    init(path: String) throws(GGUFError) {
        let file = try GGUFError.wrap { () throws(FileFault) in try OpenFile(path: path) }
        var cursor = ByteCursor(file)
        version = try Self.version(&cursor)
        // The shortest tensor description: a name of one byte, one dimension, type, offset; the shortest value: one
        // byte.
        let tensorCount = try cursor.count("the number of tensors", minimumSize: 33, maximum: HeaderLimits.tensors)
        let valueCount = try cursor.count("the number of metadata keys", minimumSize: 13, maximum: HeaderLimits.keys)
        metadata = try cursor.metadata(count: valueCount, path: file.path)
        let described = try cursor.tensors(count: tensorCount)
        tensors = try Self.place(described, after: cursor.offset, alignment: metadata.alignment(), in: file)
        self.file = file
    }

    private static func version(_ cursor: inout ByteCursor) throws(GGUFError) -> Int {
        guard try cursor.number(UInt32.self, "the magic number") == magic else {
            throw cursor.error(.notGGUF, "not a GGUF file: the first four bytes are not \"GGUF\"")
        }
        let version = try cursor.number(UInt32.self, "the version")
        guard version & 0xffff != 0 || version == 0 else {
            throw cursor.error(.notGGUF, "a big-endian GGUF file, which is not supported")
        }
        guard 2...3 ~= version else {
            throw cursor.error(.unsupportedVersion, "GGUF version \(version) is not supported (2 and 3 are)")
        }
        return Int(version)
    }

    /// Checks that the data of all tensors is aligned, in the file, and apart; in which order does not matter.
    private static func place(
        _ described: [(layout: TensorLayout, offset: UInt64)], after headerEnd: Int, alignment: Int, in file: OpenFile
    ) throws(GGUFError) -> [GGUFTensor] {
        let dataStart = headerEnd.roundedUp(toMultipleOf: alignment)
        let dataSize = max(0, file.byteCount - dataStart)
        var tensors: [GGUFTensor] = []
        tensors.reserveCapacity(described.count)
        for (layout, offset) in described {
            guard offset % UInt64(alignment) == 0 else {
                let detail = "data at offset \(offset), which is not a multiple of the alignment \(alignment)"
                throw GGUFError(.badOffset, .tensor(layout.name), detail, in: file.path)
            }
            guard offset <= UInt64(dataSize), layout.byteCount <= dataSize - Int(offset) else {
                let detail = "\(layout.byteCount) bytes at offset \(offset) lie outside the \(dataSize) bytes of data"
                throw GGUFError(.badOffset, .tensor(layout.name), detail, in: file.path)
            }
            tensors.append(GGUFTensor(layout: layout, offset: dataStart + Int(offset), file: file))
        }
        let sorted = tensors.sorted { $0.offset < $1.offset }
        for (first, second) in zip(sorted, sorted.dropFirst()) where first.offset + first.byteCount > second.offset {
            let detail = "the data overlaps with that of \(GGUFError.quoted(first.name))"
            throw GGUFError(.overlappingTensors, .tensor(second.name), detail, in: file.path)
        }
        return tensors
    }
}
