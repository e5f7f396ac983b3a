import GGUF

/// One model of a repository: a file, or all its parts in order.
package struct ModelFiles: Sendable, Hashable {
    /// As `Q4_K_M`, from the file's name or its folder's; `nil` where neither says.
    package var quantisation: String?
    package var files: [RepositoryFile]

    /// What is taken where nothing is asked for, the first that is there. Chosen: the default of most pages that offer
    /// models, and the one that loses nearly nothing.
    private static let defaults = ["Q4_K_M", "Q8_0"]
    /// How files begin that stand beside models and are none: what sees pictures, and statistics of quantisation.
    private static let besides = ["mmproj", "imatrix"]

    /// What the model is called in the folder of models.
    package var name: String { PartName.model(at: files.first?.path ?? "") }

    /// The models among a repository's files, by path. Those in parts of which one is missing are none, nor are files
    /// whose path is not fit for a file here.
    package static func all(in files: [RepositoryFile]) -> [ModelFiles] {
        let models = files.filter { file in
            guard let name = file.localName?.lowercased() else { return false }
            return name.hasSuffix(".gguf") && !besides.contains { name.hasPrefix($0) }
        }
        let paths = Dictionary(models.map { ($0.path, $0) }) { first, _ in first }
        return paths.values.sorted { $0.path < $1.path }.compactMap { file in
            guard let part = PartName(file.path) else {
                return ModelFiles(quantisation: quantisation(of: file.path), files: [file])
            }
            guard part.number == 1 else { return nil }
            let parts = (1...part.count).compactMap { paths[part.part($0).path] }
            guard parts.count == part.count else { return nil }
            return ModelFiles(quantisation: quantisation(of: file.path), files: parts)
        }
    }

    /// The model that is meant.
    ///
    /// - Parameters:
    ///   - file: a path in the repository, or the last part of one, of a file or of any part of a model; it goes before
    ///     the reference's quantisation.
    /// - Throws: `HubError` that says what there is.
    package static func choose(
        _ reference: ModelReference, file: String? = nil, from listed: [RepositoryFile]
    ) throws(HubError) -> ModelFiles {
        let models = all(in: listed)
        if let file { return try named(file, among: models, listed) }
        guard !models.isEmpty else {
            let unusable = listed.count { $0.localName == nil && $0.path.lowercased().hasSuffix(".gguf") }
            throw .noModel(reference.repository, unusable: unusable)
        }
        let wanted = reference.quantisation.map { [$0, "UD-\($0)"] } ?? defaults
        for wanted in wanted {
            let found = models.filter { $0.quantisation?.uppercased() == wanted.uppercased() }
            if found.count == 1 { return found[0] }
            if found.count > 1 { throw .ambiguous(wanted: wanted, files: found.compactMap(\.files.first?.path)) }
        }
        if reference.quantisation == nil, models.count == 1 { return models[0] }
        let found = Set(models.map { $0.quantisation ?? $0.name }).sorted()
        throw .noQuantisation(reference.repository, wanted: reference.quantisation, found: found)
    }

    private static func named(
        _ name: String, among models: [ModelFiles], _ listed: [RepositoryFile]
    ) throws(HubError) -> ModelFiles {
        if let file = listed.first(where: { $0.path == name }), file.localName == nil {
            throw .unusableName(name.harmless)
        }
        let exact = models.filter { $0.files.contains { $0.path == name } }
        let found = exact.isEmpty ? models.filter { $0.files.contains { $0.localName == name } } : exact
        if found.count > 1 { throw .ambiguous(wanted: name, files: found.compactMap(\.files.first?.path)) }
        guard let model = found.first else {
            throw .noFile(name.harmless, found: models.compactMap(\.files.first?.path))
        }
        return model
    }

    /// The last word of a file's name that names a type, else of its folders' names.
    private static func quantisation(of path: String) -> String? {
        let folders = path.split(separator: "/").dropLast().reversed().map(String.init)
        for name in [PartName.model(at: path)] + folders {
            let words = name.uppercased().split { $0 == "-" || $0 == "." }
            guard let index = words.lastIndex(where: isQuantisation) else { continue }
            let isDynamic = index > 0 && words[index - 1] == "UD"
            return (isDynamic ? "UD-" : "") + words[index]
        }
        return nil
    }

    private static func isQuantisation(_ word: Substring) -> Bool {
        let types = #/(I?Q|TQ)[0-9](_[A-Z0-9]+)*|BF16|FP?(16|32)|(MX|NV)FP4(_[A-Z0-9]+)*/#
        return word.wholeMatch(of: types) != nil
    }
}
