/// Expands a kernel's blocks.
///
/// `each (i, COUNT) { … $i … }` becomes `COUNT` copies of the block, with `$i` replaced by 0, 1, ….
///
/// This is how kernels name registers: `vec sum$i` becomes `vec sum0`, `vec sum1`. Drivers that keep indexed local
/// arrays in memory (SwiftShader) then keep the sums in registers. The copies share the enclosing scope. `COUNT` is a
/// product, quotient, sum or difference of numbers and options, read from left to right.
///
/// `steps (i, COUNT) { … $i … }` does the block COUNT times, each in a scope of its own: copied out, or as a loop where
/// the device's compiler, given copies, would load for all of them in advance and run out of registers.
///
/// `window (x, i) { … }` does the block with loads from the window of buffer `x` that holds element `i`: the window is
/// chosen once, where each load would choose for itself outside. Indices in the block are of the same window.
struct BlockExpansion {
    let kernel: String
    let constants: [String: Int]
    let loopsOverSteps: Bool
    /// Buffers that are cut into windows.
    let windows: [String: BufferWindows]

    /// Expands windows, and leaves the other blocks.
    func chooseWindows(_ text: Substring) throws(KernelSourceError) -> String {
        var output = ""
        var rest = text
        while let (before, buffer, index, block) = try next("window", in: &rest) {
            let copies = windows[buffer].map { windows in
                (0..<windows.count).map { window in
                    let copy = BufferWindows.words.reduce(String(block)) {
                        $0.substituting("\($1)_\(buffer)_\(window)(", for: "\($1)(\(buffer),")
                    }
                    return "if (((\(index)) >> \(windows.shift)) == \(window)u) {\(copy)}"
                }.joined(separator: " else ")
            }
            output += before + (copies ?? "{\(block)}")
        }
        return output + rest
    }

    /// Expands steps and copies.
    func copyOut(_ text: Substring) throws(KernelSourceError) -> String { try copies(try expandSteps(text)[...]) }

    private func expandSteps(_ text: Substring) throws(KernelSourceError) -> String {
        var output = ""
        var rest = text
        while let (before, name, count, block) = try next("steps", in: &rest) {
            let copies = "each (\(name), \(count)) { {\(block)} }"
            let loop =
                "LOOP for (uint \(name) = 0; \(name) < \(count); \(name)++) {\(block.substituting(name, for: "$\(name)"))}"
            output += before + (loopsOverSteps ? loop : copies)
        }
        return output + rest
    }

    private func copies(_ text: Substring) throws(KernelSourceError) -> String {
        var output = ""
        var rest = text
        while let (before, name, count, block) = try next("each", in: &rest) {
            output += before
            for index in 0..<(try evaluate(count)) {
                output += try copies(block.substituting("\(index)", for: "$\(name)")[...])
            }
        }
        return output + rest
    }

    /// Takes text up to and with the next `word (NAME, COUNT) { BLOCK }` off `rest`.
    private func next(
        _ word: String, in rest: inout Substring
    ) throws(KernelSourceError) -> (before: Substring, name: String, count: Substring, block: Substring)? {
        guard let start = rest.place(of: "\(word) (") else { return nil }
        let before = rest[..<start.lowerBound]
        rest = rest[rest.index(before: start.upperBound)...]
        guard let closing = rest.closing("(", ")") else { throw error("'\(word)' without a closing parenthesis") }
        let head = rest[rest.index(after: rest.startIndex)..<closing].split(separator: ",")
        guard head.count == 2 else { throw error("'\(word)' takes a name and a count") }
        rest = rest[rest.index(after: closing)...].drop(while: \.isWhitespace)
        guard let end = rest.closing("{", "}") else { throw error("'\(word)' without a block") }
        let block = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        return (before, head[0].trimmed, head[1], block)
    }

    private func evaluate(_ expression: Substring) throws(KernelSourceError) -> Int {
        let words = expression.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let first = words.first else { throw error("'each' without a count") }
        var value = try number(first)
        for index in stride(from: 1, to: words.count - 1, by: 2) {
            let operand = try number(words[index + 1])
            switch words[index] {
            case "*": value *= operand
            case "+": value += operand
            case "-": value -= operand
            case "/" where operand != 0: value /= operand
            default: throw error("cannot evaluate '\(expression)'")
            }
        }
        return value
    }

    private func number(_ word: String) throws(KernelSourceError) -> Int {
        guard let value = Int(word) ?? constants[word] else { throw error("'\(word)' is not a number or an option") }
        return value
    }

    private func error(_ reason: String) -> KernelSourceError { KernelSourceError(kernel: kernel, reason: reason) }
}
