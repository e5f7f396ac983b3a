/// Expands `each (i, COUNT) { … $i … }` into `COUNT` copies of the block, with `$i` replaced by 0, 1, ….
///
/// This is how kernels name registers: `vec sum$i` becomes `vec sum0`, `vec sum1`. Drivers that keep indexed local arrays in
/// memory (SwiftShader) then keep the sums in registers. The copies share the enclosing scope. `COUNT` is a product,
/// quotient, sum or difference of numbers and options, read from left to right.
struct EachExpansion {
    let kernel: String
    let constants: [String: Int]

    func expand(_ text: Substring) throws(KernelSourceError) -> String {
        var output = ""
        var rest = text
        while let start = rest.firstRange(of: "each (") {
            output += rest[..<start.lowerBound]
            rest = rest[rest.index(before: start.upperBound)...]
            guard let closing = rest.closing("(", ")") else { throw error("'each' without a closing parenthesis") }
            let head = rest[rest.index(after: rest.startIndex)..<closing].split(separator: ",")
            guard head.count == 2 else { throw error("'each' takes a name and a count") }
            rest = rest[rest.index(after: closing)...].drop(while: \.isWhitespace)
            guard let end = rest.closing("{", "}") else { throw error("'each' without a block") }
            let block = rest[rest.index(after: rest.startIndex)..<end]
            rest = rest[rest.index(after: end)...]
            output += try copies(of: block, name: head[0].trimmed, count: try evaluate(head[1]))
        }
        return output + rest
    }

    private func copies(of block: Substring, name: String, count: Int) throws(KernelSourceError) -> String {
        var output = ""
        for index in 0..<count {
            output += try expand(Substring(block.replacing("$\(name)", with: "\(index)")))
        }
        return output
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
