/// The metadata of a model file: values by key, in the order of the file.
package struct GGUFMetadata: Sendable {
    /// In bytes, by the specification.
    static let maximumKeyLength = 65_535

    /// Keys in the order of the file.
    package private(set) var keys: [String] = []
    private var values: [String: MetadataValue] = [:]
    /// The file that the metadata was read from, for errors.
    private let path: String?

    /// Empty metadata, to be written to a new file.
    package init() {
        path = nil
    }

    init(path: String) {
        self.path = path
    }

    package var count: Int { keys.count }

    /// The value of `key`. A new key goes to the end, a changed one keeps its place.
    package subscript(key: String) -> MetadataValue? {
        get { values[key] }
        set {
            let old = values[key]
            values[key] = newValue
            if old == nil, newValue != nil {
                keys.append(key)
            } else if old != nil, newValue == nil {
                keys.removeAll { $0 == key }
            }
        }
    }

    func error(_ code: GGUFError.Code, _ key: String, _ detail: String) -> GGUFError {
        GGUFError(code, .key(key), detail, in: path)
    }
}

extension GGUFMetadata: Equatable {
    package static func == (left: GGUFMetadata, right: GGUFMetadata) -> Bool {
        left.keys == right.keys && left.values == right.values
    }
}
