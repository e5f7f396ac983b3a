/// The text that has not been understood yet, and what was said so far: what the readers of calls share.
struct CallInput: Sendable {
    /// What is to be read.
    private(set) var bytes: [UInt8] = []
    /// Nothing comes behind `bytes`.
    var isLast = false
    /// What was read of a call before it was sure to be one.
    private(set) var unsure: [UInt8] = []
    private(set) var deltas: [ChatDelta] = []
    private(set) var callCount = 0
    /// A call was announced and is not over.
    private(set) var isInCall = false

    mutating func append(_ text: String) { bytes += text.utf8 }

    /// Takes `count` bytes away and keeps them, as they may turn out to be text.
    @discardableResult
    mutating func take(_ count: Int) -> [UInt8] {
        let taken = Array(bytes.prefix(count))
        bytes.removeFirst(count)
        if !isInCall { unsure += taken }
        return taken
    }

    /// Takes `count` bytes away that mean nothing.
    mutating func drop(_ count: Int) { bytes.removeFirst(count) }

    /// Takes white space away that comes next.
    mutating func skipSpace() { take(bytes.prefix { $0.isSpace }.count) }

    /// What was read and kept is no text.
    mutating func settle() { unsure.removeAll() }

    /// What was read and kept is text after all.
    mutating func giveUp() -> [UInt8] {
        defer { unsure.removeAll() }
        return unsure
    }

    mutating func beginCall(id: String?, name: String) {
        deltas.append(.callBegins(index: callCount, id: id, name: name))
        callCount += 1
        isInCall = true
        unsure.removeAll()
    }

    mutating func endCall() { isInCall = false }

    mutating func emit(text: some Collection<UInt8>) {
        if !text.isEmpty { deltas.append(.text(String(decoding: text, as: UTF8.self))) }
    }

    mutating func emit(reasoning: some Collection<UInt8>) {
        if !reasoning.isEmpty { deltas.append(.reasoning(String(decoding: reasoning, as: UTF8.self))) }
    }

    mutating func emit(arguments: some Collection<UInt8>) {
        if !arguments.isEmpty {
            deltas.append(.callArguments(index: callCount - 1, String(decoding: arguments, as: UTF8.self)))
        }
    }

    mutating func takeDeltas() -> [ChatDelta] {
        defer { deltas.removeAll() }
        return deltas
    }
}

/// What became of a try to read on.
enum CallStep {
    /// Something was read; try again.
    case again
    /// More must come.
    case wait
    /// The calls are over.
    case done
    /// This is no call.
    case malformed
}

/// Reads calls behind the marker that began them.
protocol CallReader: Sendable {
    /// Reads as far as it can. When `input.isLast`, never answers `.wait`.
    mutating func step(_ input: inout CallInput) -> CallStep
}
