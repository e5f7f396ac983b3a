/// A piece of what a model says.
package enum ChatDelta: Sendable, Hashable {
    case text(String)
    case reasoning(String)
    /// The call with this index, counted from zero, begins.
    ///
    /// - Parameter id: as the model named it, if it did.
    case callBegins(index: Int, id: String?, name: String)
    /// Goes on with the arguments of a call, which are JSON.
    case callArguments(index: Int, String)
}

/// What a model said, put together from its pieces.
package struct ChatOutput: Sendable, Hashable {
    package struct Call: Sendable, Hashable {
        package var id: String?
        package var name: String
        package var arguments = ""
    }

    package var text = ""
    package var reasoning = ""
    package var calls: [Call] = []

    package init(_ deltas: [ChatDelta] = []) {
        for delta in deltas { append(delta) }
    }

    package mutating func append(_ delta: ChatDelta) {
        switch delta {
        case .text(let piece): text += piece
        case .reasoning(let piece): reasoning += piece
        case .callBegins(_, let id, let name): calls.append(Call(id: id, name: name))
        case .callArguments(let index, let piece): calls[index].arguments += piece
        }
    }
}
