import Files

/// A model that stands in one file or several, put together.
struct JoinedParts {
    /// In their order.
    private(set) var files: [OpenFile]
    let version: Int
    /// That of the first part, without what it says of parts.
    private(set) var metadata: GGUFMetadata
    private(set) var tensors: [GGUFTensor]

    /// Opens the model that the file at `path` is, or is a part of: then all parts, which must stand in its folder.
    ///
    /// - Throws: `GGUFError` that names the part at fault; `badPart` where the files are not of one model.
    init(path: String) throws(GGUFError) {
        let opened = try GGUFPart(path: path)
        guard let keys = try PartKeys(opened.metadata) else {
            self.init(opened)
            return
        }
        guard let name = PartName(path), name.count == keys.count, name.number == keys.number + 1 else {
            let ending = PartName.ending(keys.number + 1, of: keys.count)
            let detail = "this is \(keys.description), but its name does not end in \(ending), as parts are found by"
            throw GGUFError(.badPart, .file, detail, in: path)
        }
        self.init(try name.number == 1 ? opened : Self.open(name.part(1), keys, for: path))
        var names = Set(tensors.map(\.name))
        for number in 2...name.count {
            try join(name.number == number ? opened : Self.open(name.part(number), keys, for: path), &names)
        }
        guard tensors.count == keys.tensorCount else {
            let detail = "all parts together have \(tensors.count) tensors, not \(keys.tensorCount)"
            throw GGUFError(.badPart, .key(PartKeys.tensorCountKey), detail, in: path)
        }
        for key in metadata.keys where key.hasPrefix(PartKeys.prefix) { metadata[key] = nil }
    }

    private init(_ first: GGUFPart) {
        (files, version, metadata, tensors) = ([first.file], first.version, first.metadata, first.tensors)
    }

    /// Opens the part called `name`, as the one at `path`, which has `keys`, wants it.
    private static func open(_ name: PartName, _ keys: PartKeys, for path: String) throws(GGUFError) -> GGUFPart {
        let part: GGUFPart
        do { part = try GGUFPart(path: name.path) } catch {
            guard error.code == .io else { throw error }
            throw GGUFError(.io, .file, "part \(name.number) of \(name.count): \(error.detail)", in: name.path)
        }
        var wanted = keys
        wanted.number = name.number - 1
        let own = try PartKeys(part.metadata)
        guard own == wanted else {
            let detail = "this is \(own?.description ?? "a whole model"), not \(wanted.description) as \(path) has it"
            throw GGUFError(.badPart, .file, detail, in: name.path)
        }
        return part
    }

    /// - Parameter names: of all tensors until now.
    private mutating func join(_ part: GGUFPart, _ names: inout Set<String>) throws(GGUFError) {
        let path = part.file.path
        // Others than the first usually have no keys but those of parts.
        for key in part.metadata.keys where !key.hasPrefix(PartKeys.prefix) && key != GGUFMetadata.alignmentKey {
            guard let other = metadata[key], other != part.metadata[key] else { continue }
            throw GGUFError(.badPart, .key(key), "a part of another model: the first has another value", in: path)
        }
        guard tensors.count + part.tensors.count <= HeaderLimits.tensors else {
            throw GGUFError(.limitExceeded, .file, "more than \(HeaderLimits.tensors) tensors in all parts", in: path)
        }
        for tensor in part.tensors where !names.insert(tensor.name).inserted {
            throw GGUFError(.duplicateTensor, .tensor(tensor.name), "another part has it too", in: path)
        }
        files.append(part.file)
        tensors += part.tensors
    }
}
