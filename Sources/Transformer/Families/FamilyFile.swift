import GGUF
import Kernels

/// A model file as a family reads it: values by key without the architecture in front, and which tensors there are.
///
/// It remembers what was asked for, so that a key which would change the result and that nobody read can be refused.
final class FamilyFile {
    let architecture: String
    /// What the file calls the model.
    let name: String
    private let metadata: GGUFMetadata
    private let shapes: [String: [Int]]
    private var read: Set<String> = []

    /// - Parameter shapes: of tensors, by their names.
    init(_ metadata: GGUFMetadata, _ shapes: [String: [Int]], architecture: String) throws(ModelError) {
        self.metadata = metadata
        self.shapes = shapes
        self.architecture = architecture
        name = try Self.wrapped { () throws(GGUFError) in
            try metadata.stringIfPresent("general.name") ?? architecture
        }
    }

    private func full(_ key: String) -> String {
        read.insert(key)
        return "\(architecture).\(key)"
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(ModelError) -> Int {
        try Self.wrapped { () throws(GGUFError) in try metadata.integer(full(key), in: range) }
    }

    func integerIfPresent(_ key: String, in range: ClosedRange<Int>) throws(ModelError) -> Int? {
        try Self.wrapped { () throws(GGUFError) in try metadata.integerIfPresent(full(key), in: range) }
    }

    /// A positive number that is there and not zero, which in files is another word for none.
    func positiveIfPresent(_ key: String) throws(ModelError) -> Float? {
        let value = try Self.wrapped { () throws(GGUFError) in try metadata.floatIfPresent(full(key)) }
        guard let value, value != 0 else { return nil }
        try require(value.isFinite && value > 0, "\(key) is \(value)")
        return value
    }

    func boolIfPresent(_ key: String) throws(ModelError) -> Bool? {
        try Self.wrapped { () throws(GGUFError) in try metadata.boolIfPresent(full(key)) }
    }

    func stringIfPresent(_ key: String) throws(ModelError) -> String? {
        try Self.wrapped { () throws(GGUFError) in try metadata.stringIfPresent(full(key)) }
    }

    /// A number of each layer, from an array or from one number for all; of an array as many as there are layers.
    func perLayer(_ key: String, layers: Int, in range: ClosedRange<Int>) throws(ModelError) -> [Int]? {
        let full = full(key)
        guard case .array = metadata[full] else {
            return try integerIfPresent(key, in: range).map { Array(repeating: $0, count: layers) }
        }
        let values = try Self.wrapped { () throws(GGUFError) in try metadata.integers(full) }
        try require(values.count >= layers, "\(full) has \(values.count) numbers for \(layers) layers")
        for value in values { try require(range.contains(value), "\(full): \(value) is not in \(range)") }
        return Array(values[..<layers])
    }

    /// So many numbers in an array, or more.
    func integersIfPresent(_ key: String, count: Int) throws(ModelError) -> [Int]? {
        let full = full(key)
        guard metadata[full] != nil else { return nil }
        let values = try Self.wrapped { () throws(GGUFError) in try metadata.integers(full) }
        try require(values.count >= count, "\(full) has \(values.count) numbers, not \(count)")
        return Array(values[..<count])
    }

    /// Which layers are marked by an array of flags; `nil` where there is none.
    func flags(_ key: String, layers: Int) throws(ModelError) -> [Bool]? {
        let full = full(key)
        guard case .array(.bool(let flags)) = metadata[full] else { return nil }
        try require(flags.count >= layers, "\(full) has \(flags.count) flags for \(layers) layers")
        return Array(flags[..<layers])
    }

    /// Which layers attend to a window: those that an array says, or all but every `n`-th of a period of `n`.
    ///
    /// - Parameter period: where the file does not say.
    func windowed(layers: Int, period: Int) throws(ModelError) -> [Bool] {
        if let flags = try flags("attention.sliding_window_pattern", layers: layers) { return flags }
        let period = try integerIfPresent("attention.sliding_window_pattern", in: 1...Self.maxLayers) ?? period
        return (0..<layers).map { $0 % period < period - 1 }
    }

    /// The window of windowed layers, as a mask of so many tokens.
    func window(
        _ mask: (Int) -> AttentionMask = { .sliding(window: $0) }
    ) throws(ModelError) -> AttentionMask? {
        let tokens = try integerIfPresent("attention.sliding_window", in: 0...(1 << 24))
        return tokens.flatMap { $0 > 0 ? mask($0) : nil }
    }

    /// Counts a key as read that llama.cpp does not heed either.
    func ignore(_ key: String) { read.insert(key) }

    func shape(of tensor: String) -> [Int]? { shapes[tensor] }

    func require(_ holds: Bool, _ reason: @autoclosure () -> String) throws(ModelError) {
        if !holds { throw unsupported(reason()) }
    }

    func unsupported(_ reason: String) -> ModelError { .unsupported(model: name, reason: reason) }

    private static func wrapped<Value>(_ body: () throws(GGUFError) -> Value) throws(ModelError) -> Value {
        do throws(GGUFError) { return try body() } catch { throw .file(error) }
    }

    /// The most layers that a file may claim. Chosen: eight times those of the largest known Llama, 126.
    static let maxLayers = 1024

    /// Keys that change what a network computes, but for the value that says none.
    private static let neutral: [String: Set<Float>] = [
        "attention.scale": [0], "attention.clamp_kqv": [0], "attention.max_alibi_bias": [0],
        "attention.sliding_window": [0], "attention.temperature_scale": [0], "attention.shared_kv_layers": [0],
        "attention.causal": [1], "attn_logit_softcapping": [0], "final_logit_softcapping": [0], "logit_scale": [0, 1],
        "embedding_scale": [0, 1], "residual_scale": [0, 1], "embedding_length_per_layer_input": [0],
        "expert_count": [0], "rope.scaling.finetuned": [1], "ssm.conv_kernel": [0], "shortconv.l_cache": [0],
    ]

    /// - Throws: `ModelError.unsupported` naming a key that would change the result and was not read.
    func refuseUnread() throws(ModelError) {
        for (key, values) in Self.neutral.sorted(by: { $0.key < $1.key }) where !read.contains(key) {
            let number: Float? =
                switch metadata["\(architecture).\(key)"] {
                case nil: nil
                case .bool(let flag): flag ? 1 : 0
                case .float32(let value): value
                case .some:
                    (try? metadata.integerIfPresent("\(architecture).\(key)")).flatMap { $0.map { Float($0) } }
                        ?? .nan
                }
            if let number, !values.contains(number) {
                throw .unsupported(model: name, reason: "\(architecture).\(key) is not supported in this family")
            }
        }
    }
}
