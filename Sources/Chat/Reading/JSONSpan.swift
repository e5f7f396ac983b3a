/// Follows one JSON value through pieces of text, to tell where it ends.
///
/// It looks at brackets and strings alone: what is between them is for the client to judge, as it gets it either way.
struct JSONSpan: Sendable {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false

    enum Progress: Equatable {
        /// So many bytes belong to the value, and more may.
        case inside(Int)
        /// The value ends behind so many bytes.
        case complete(Int)
        /// What stands behind so many bytes can be in no JSON.
        case broken(Int)
    }

    mutating func advance(_ bytes: some Collection<UInt8>) -> Progress {
        for (count, byte) in bytes.enumerated() {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                    if depth == 0 { return .complete(count + 1) }
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                // Of a number or a word the end is what comes behind it.
                if depth == 0 { return .complete(count) }
                depth -= 1
                if depth == 0 { return .complete(count + 1) }
            case UInt8(ascii: ",") where depth == 0: return .complete(count)
            case _ where byte.isSpace:
                if depth == 0 { return .complete(count) }
            case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"):
                break
            default: return .broken(count)
            }
        }
        return .inside(bytes.count)
    }
}

/// Passes a JSON object on as the arguments of a call.
struct ArgumentsPasser: Sendable {
    private var span = JSONSpan()

    /// - Returns: `.done` behind the object, or where it is cut off; `.malformed` where it breaks.
    mutating func step(_ input: inout CallInput) -> CallStep {
        let progress = span.advance(input.bytes)
        switch progress {
        case .inside(let count), .complete(let count), .broken(let count):
            input.emit(arguments: input.bytes.prefix(count))
            input.drop(count)
        }
        switch progress {
        case .inside: return input.isLast ? .done : .wait
        case .complete: return .done
        case .broken: return .malformed
        }
    }
}
