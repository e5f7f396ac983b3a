import Files

/// Why a model file could not be read, used, converted or written.
///
/// Says what is wrong (`code`, `detail`), with which part (`subject`) of which file (`path`), and, while parsing, where
/// (`offset`).
package struct GGUFError: Error, Hashable, Sendable {
    /// The kind of fault, for programs; `description` is for people.
    package enum Code: String, Hashable, Sendable {
        /// A call of the operating system failed: no such file, no permission, disk full.
        case io
        /// The file was cut, grown or written to after it was opened.
        case changed
        /// Not a little-endian GGUF file.
        case notGGUF
        case unsupportedVersion
        /// The file ends before what it announces.
        case truncated
        /// A count, length or size that no file of this size, or no model at all, can have.
        case limitExceeded
        case invalidUTF8
        /// A boolean that is neither 0 nor 1.
        case invalidBool
        case unknownValueType
        case nestingTooDeep
        case duplicateKey
        case duplicateTensor
        /// `general.alignment` is not a 32-bit power of two of at least 8.
        case badAlignment
        case badDimensions
        case unsupportedTensorType
        /// Rows that are not whole blocks.
        case raggedRow
        /// Tensor data that is unaligned or lies outside the file.
        case badOffset
        case overlappingTensors
        /// A file that is not the part of a model that its name or another part says.
        case badPart
        case missingKey
        case missingTensor
        /// A metadata value of another type than asked for.
        case wrongType
        /// A value that does not fit, or rows that the tensor does not have.
        case outOfRange
        /// What was to be written or generated contradicts itself.
        case invalidLayout
    }

    /// The part of the file that is at fault.
    package enum Subject: Hashable, Sendable {
        case file
        case key(String)
        case tensor(String)
    }

    package let code: Code
    package let subject: Subject
    package let detail: String
    /// Where in the file, in bytes from its start, if parsing met the fault.
    package let offset: Int?
    package let path: String?

    package init(_ code: Code, _ subject: Subject, _ detail: String, at offset: Int? = nil, in path: String?) {
        self.code = code
        self.subject = subject
        self.detail = detail
        self.offset = offset
        self.path = path
    }
}

extension GGUFError {
    init(_ fault: FileFault) {
        let code: Code = if case .changed = fault { .changed } else { .io }
        self.init(code, .file, fault.reason, in: fault.path)
    }

    /// What `body` gives, its faults as errors of a model file.
    static func wrap<Result: ~Copyable>(_ body: () throws(FileFault) -> Result) throws(GGUFError) -> Result {
        do throws(FileFault) { return try body() } catch { throw GGUFError(error) }
    }
}

extension GGUFError: CustomStringConvertible {
    package var description: String {
        var text = path.map { "\($0): " } ?? ""
        switch subject {
        case .file: break
        case .key(let key): text += "metadata key \(Self.quoted(key)): "
        case .tensor(let name): text += "tensor \(Self.quoted(name)): "
        }
        text += detail
        if let offset { text += " (at byte \(offset))" }
        return text
    }

    /// `name` in quotes, escaped and cut, since a hostile file may put anything into its names.
    static func quoted(_ name: String) -> String {
        name.count > 80 ? String(reflecting: String(name.prefix(80)) + "…") : String(reflecting: name)
    }
}
