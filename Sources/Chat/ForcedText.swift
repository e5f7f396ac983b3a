package import Jinja
import OrderedCollections

/// What an answer must be that is a call: for a grammar that makes the model write one.
///
/// Whoever draws tokens by it need not know how a model writes calls, and this need not know how grammars are written.
package indirect enum ForcedText: Sendable, Hashable {
    case text(String)
    /// JSON by this schema.
    case json(schema: Value)
    /// Any text, up to and with the end.
    case anything(end: String)
    case sequence([ForcedText])
    /// One of these.
    case choice([ForcedText])
    /// Once or several times.
    case repeated(ForcedText, separator: String)
}

extension OutputFormat {
    /// What an answer must be that calls one of the tools.
    ///
    /// - Parameters:
    ///   - allowsSeveral: it may be several calls, one after the other.
    ///   - prompt: what the answer goes on with; reasoning that it has opened comes first.
    /// - Returns: `nil` for a way to write calls that cannot be forced: Python's, and Gemma's.
    package func forcedCalls(of tools: [ChatTool], allowsSeveral: Bool, prompt: String) -> ForcedText? {
        guard let calls = forcedCalls(of: tools, allowsSeveral: allowsSeveral) else { return nil }
        guard let reasoning, opensReasoning(prompt) else { return calls }
        return .sequence([.anything(end: reasoning.end), calls])
    }

    private func forcedCalls(of tools: [ChatTool], allowsSeveral: Bool) -> ForcedText? {
        switch calls {
        case .json(let json):
            return json.forced(tools, allowsSeveral)
        case .tagged(let tagged):
            let calls = ForcedText.choice(tools.map(tagged.forced))
            let several = allowsSeveral ? ForcedText.repeated(calls, separator: "\n") : calls
            return .sequence([.text(tagged.section.begin), several, .text(tagged.section.end)])
        case .channels(let channels) where channels == .harmony:
            return .choice(
                tools.map {
                    let header = "<|channel|>commentary to=functions.\($0.name) <|constrain|>json<|message|>"
                    return .sequence([.text(header), .json(schema: $0.parameters)])
                })
        case .channels, .pythonic, .gemma, nil: return nil
        }
    }
}

extension CallSyntax.JSONCalls {
    fileprivate func forced(_ tools: [ChatTool], _ allowsSeveral: Bool) -> ForcedText {
        let calls = tools.map { tool -> ForcedText in
            let lead =
                nameKey.map { "{\"\($0)\": \"\(tool.name)\", \"\(argumentsKey)\": " } ?? "{\"\(tool.name)\": "
            return .sequence([.text(lead), .json(schema: tool.parameters), .text("}")])
        }
        let begin = isWholeAnswer ? "" : begins.first.map { $0 + "\n" } ?? ""
        let one = ForcedText.sequence([.text(begin), .choice(calls), .text(ends.first.map { "\n" + $0 } ?? "")])
        return allowsSeveral ? .repeated(one, separator: isWholeAnswer ? "; " : "\n") : one
    }
}

extension CallSyntax.TaggedCalls {
    fileprivate func forced(_ tool: ChatTool) -> ForcedText {
        let name =
            switch header {
            case .name: tool.name
            case .nameThenID(let separator): tool.name + separator + "000000000"
            case .idThenName(let separator): "000000000" + separator + tool.name
            case .numbered: "functions.\(tool.name):0"
            }
        var parts: [ForcedText] = [.text(call.begin + name + headerEnd)]
        if let parameters {
            guard case .dictionary(let properties) = tool.parameters["properties"] else {
                return .sequence(parts + [.text(call.end)])
            }
            let newline = parameters.ownLines ? "\n" : ""
            for (key, schema) in properties {
                guard let key = key.text else { continue }
                let end = newline + parameters.end.replacing("\u{0}", with: key)
                parts.append(
                    .text("\(newline)\(parameters.begin)\(key)\(parameters.keyEnd)\(parameters.valueBegin)\(newline)"))
                parts += ArgumentWriter.isString(schema) ? [.anything(end: end)] : [.json(schema: schema), .text(end)]
            }
            parts.append(.text(newline))
        } else {
            parts.append(.json(schema: tool.parameters))
        }
        return .sequence(parts + [.text(call.end)])
    }
}
