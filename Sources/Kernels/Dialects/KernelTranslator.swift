package import Compute

/// Turns a kernel's one source into the code of a device's dialect.
///
/// What all dialects share is done here: options become definitions, `each` is expanded, `LOAD(x, i)`, `STORE(y, i,
/// value)` and the words that hold a quad become the argument's own accessors. A `DialectWriter` adds the entry point
/// and the words of the body.
package struct KernelTranslator: Sendable {
    private let limits: DeviceLimits
    private let writer: any DialectWriter
    private let prelude: String

    /// `HOLD(x, a, row, i)` names the `i`-th quad from `row` on, to be used by parts: `HELD(x, a, e)`,
    /// `HELD_PAIR(x, a, pair, i)`, `HELD_QUAD(x, a)`. Where `PREFETCHES` is defined, `PREFETCH(w, i)` has a CPU fetch
    /// what will be loaded from there, which may also be behind the buffer's end.
    private static let accessors = [
        "LOAD", "LOAD_SPAN", "STORE", "HOLD", "HELD", "HELD_PAIR", "HELD_QUAD", "PREFETCH",
    ]

    /// - Parameter prelude: what defines the words of the dialect; the library's own by default.
    package init(dialect: Dialect, limits: DeviceLimits, prelude: String? = nil) {
        self.limits = limits
        self.prelude = prelude ?? KernelLibrary.prelude(dialect)
        writer =
            switch dialect {
            case .glsl: GLSLWriter()
            case .openCL: OpenCLWriter()
            case .cuda: CUDAWriter()
            }
    }

    /// - Parameters:
    ///   - options: a value for every option of the kernel.
    ///   - layouts: how each buffer argument is seen, in the order of the signature.
    ///   - groupSize: lanes of a group; a multiple of the device's subgroups where these are larger than one.
    package func translate(
        _ source: KernelSource, options: [String: String], layouts: [ArgumentLayout], groupSize: Int
    ) throws(KernelSourceError) -> KernelCode {
        let definitions = try definitions(of: source, options: options, groupSize: groupSize)
        let constants = Dictionary(definitions.compactMap { name, value in Int(value).map { (name, $0) } }) { $1 }
        let arguments = zip(source.buffers, layouts).map { TranslatedArgument(buffer: $0, layout: $1) }
        let windows = arguments.compactMap { argument in
            argument.windows(vectorWidth: limits.vectorWidth).map { (argument.buffer.name, $0) }
        }
        let expansion = BlockExpansion(
            kernel: source.name, constants: constants,
            loopsOverSteps: writer.dialect == .openCL && groupSize == 1,
            windows: Dictionary(windows) { $1 })
        // What is replaced is replaced before blocks are copied out, when there is a tenth as much text.
        var body = try expansion.chooseWindows(writer.spelling(of: source.body)[...])
        for buffer in source.buffers {
            for word in Self.accessors {
                body = body.substituting("\(word)_\(buffer.name)(", for: "\(word)(\(buffer.name),")
            }
        }
        body = try expansion.copyOut(body[...])
        let kernel = TranslatedKernel(
            name: source.name, definitions: definitions, arguments: arguments, parameters: source.parameters,
            shared: source.shared, prelude: prelude, body: body, vectorWidth: limits.vectorWidth,
            subgroupSize: limits.subgroupSize > 1 && groupSize % limits.subgroupSize == 0 ? limits.subgroupSize : 0)
        return KernelCode(
            label: label(source, options), dialect: writer.dialect, source: writer.write(kernel),
            bindings: arguments.map(\.binding), parameterCount: kernel.parameterList.count, groupSize: groupSize,
            usesMatrices: options["MATRIX_M"] != nil)
    }

    private func definitions(
        of source: KernelSource, options: [String: String], groupSize: Int
    ) throws(KernelSourceError) -> [(String, String)] {
        var definitions = [("V", "\(limits.vectorWidth)"), ("GROUP_SIZE", "\(groupSize)")]
        let layout = PanelLayout(vectorWidth: limits.vectorWidth)
        definitions += [("PANEL", "\(layout.width)"), ("TURN", "\(layout.turn)")]
        if limits.hasDotProducts { definitions.append(("HAS_DOT_PRODUCTS", "1")) }
        for option in source.options {
            guard let value = options[option.name], let index = option.values.firstIndex(of: value) else {
                throw KernelSourceError(
                    kernel: source.name,
                    reason:
                        "option \(option.name) is '\(options[option.name] ?? "missing")', not one of \(option.values)")
            }
            if Int(value) == nil {
                definitions += option.values.enumerated().map { ($1, "\($0)") }
                definitions.append((option.name, "\(index)"))
                if option.name == "WEIGHTS", let format = WeightFormat(rawValue: value) {
                    definitions += format.definitions
                }
            } else {
                definitions.append((option.name, value))
            }
        }
        return definitions
    }

    private func label(_ source: KernelSource, _ options: [String: String]) -> String {
        let chosen = source.options.map { "\($0.name)=\(options[$0.name] ?? "")" }
        return chosen.isEmpty ? source.name : "\(source.name)<\(chosen.joined(separator: ","))>"
    }
}
