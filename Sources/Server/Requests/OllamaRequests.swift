import Chat
import Grammar
import Jinja
import OrderedCollections

/// What the bodies of `POST /api/chat` and `POST /api/generate` have in common.
///
/// `keep_alive` is ignored, as the server's configuration says which models stay.
private struct OllamaFields: Decodable {
    private enum CodingKeys: CodingKey { case model, stream, format, think, options }

    /// As the client names it.
    var model: String?
    var options: GenerationOptions
    var templateOptions: [String: Value] = [:]

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        model = try fields.field(.model)
        let options = try fields.field(.options, as: LlamaOptions.self) ?? LlamaOptions()
        // Ollama's defaults. Its penalty of repetitions looks at 64 tokens, ours at all, so that it is off here.
        self.options = options.options(topP: 0.9, minP: 0)
        self.options.isStream = try fields.field(.stream) ?? true
        // Older clients write that they want no format.
        if let format = try fields.field(.format, as: OrderedJSON.self)?.value, format != .string("") {
            let source = try Self.source(format) { fields.wrong(.format, $0) }
            if let grammars = decoder.userInfo[.grammars] as? GrammarCache { self.options.grammars = grammars }
            do throws(GrammarError) { self.options.grammar = try self.options.grammars.grammar(source) } catch {
                throw fields.wrong(.format, "cannot be used: \(error)")
            }
            self.options.grammarSource = source
        }
        templateOptions = try fields.field(.think, as: Thinking.self)?.options ?? [:]
    }

    /// `json`, or a schema.
    private static func source(_ format: Value, _ fault: (String) -> APIError) throws -> GrammarSource {
        if format == .string("json") { return .jsonObject }
        guard case .dictionary = format, let schema = format.json() else {
            throw fault("must be `json` or a JSON Schema")
        }
        return .jsonSchema(schema)
    }

    /// Whether to think, or how much.
    private struct Thinking: Decodable {
        var options: [String: Value]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let thinks = try container.ifType(Bool.self) {
                options = ["enable_thinking": .boolean(thinks)]
            } else if let effort = try container.ifType(String.self) {
                options = TemplateFields.options(effort: effort)
            } else {
                throw APIError.wrong(decoder.codingPath, "must be a boolean or a string")
            }
        }
    }
}

/// The body of `POST /api/chat`.
struct OllamaChatRequest: Decodable {
    private enum CodingKeys: CodingKey { case messages }

    /// As the client names it.
    var model: String?
    /// Without messages the model is asked only to be loaded.
    var input: ChatInput
    var options: GenerationOptions

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let common = try OllamaFields(from: decoder)
        model = common.model
        options = common.options
        input = ChatInput(
            messages: try fields.field(.messages, as: [Turn].self)?.map(\.message) ?? [],
            tools: try ToolFields(from: decoder).tools, templateOptions: common.templateOptions)
    }

    /// One element of `messages`.
    private struct Turn: Decodable {
        private enum CodingKeys: String, CodingKey {
            case role, content, thinking, images
            case toolCalls = "tool_calls"
            case toolName = "tool_name"
            case toolCallID = "tool_call_id"
        }

        var message: ChatMessage

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            guard let role: String = try fields.field(.role), !role.isEmpty else {
                throw fields.wrong(.role, "is missing")
            }
            try fields.refuseImages(.images)
            message = ChatMessage(role: role, content: try fields.field(.content) ?? "")
            message.name = try fields.field(.toolName)
            message.callID = try fields.field(.toolCallID)
            guard role == "assistant" else { return }
            message.reasoning = try fields.field(.thinking)
            message.calls = try fields.field(.toolCalls, as: [Call].self)?.map(\.call) ?? []
        }
    }

    private struct Call: Decodable {
        private enum CodingKeys: CodingKey { case id, function, name, arguments }

        var call: ChatToolCall

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            guard fields.contains(.function) else { throw fields.wrong(.function, "is missing") }
            let function = try fields.nestedContainer(keyedBy: CodingKeys.self, forKey: .function)
            guard let name: String = try function.field(.name) else { throw function.wrong(.name, "is missing") }
            let arguments = try function.field(.arguments, as: OrderedJSON.self)?.value ?? [:]
            guard case .dictionary = arguments else { throw function.wrong(.arguments, "must be an object") }
            call = ChatToolCall(id: try fields.field(.id) ?? "", name: name, arguments: arguments.json() ?? "{}")
        }
    }
}

/// The body of `POST /api/generate`.
struct OllamaGenerateRequest: Decodable {
    private enum CodingKeys: CodingKey { case prompt, suffix, system, template, raw, images, context }

    /// As the client names it.
    var model: String?
    /// Where it is empty the model is asked only to be loaded.
    var prompt: String
    /// What follows the text to be written.
    var suffix: String
    var system: String
    /// The prompt is taken as it is, without the chat template.
    var isRaw: Bool
    var templateOptions: [String: Value]
    var options: GenerationOptions

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let common = try OllamaFields(from: decoder)
        model = common.model
        options = common.options
        templateOptions = common.templateOptions
        prompt = try fields.field(.prompt) ?? ""
        suffix = try fields.field(.suffix) ?? ""
        system = try fields.field(.system) ?? ""
        isRaw = try fields.field(.raw) ?? false
        try fields.refuseImages(.images)
        if try fields.field(.template, as: String.self)?.isEmpty == false {
            throw fields.wrong(.template, "cannot be used: the model's own is, or none with `raw`")
        }
        if try fields.field(.context, as: [Int].self)?.isEmpty == false {
            throw fields.wrong(.context, "cannot be used: send the conversation to /api/chat")
        }
    }
}

/// The body of `POST /api/embed`, and of the older `POST /api/embeddings` with its one `prompt`.
struct OllamaEmbedRequest: Decodable {
    private enum CodingKeys: CodingKey { case model, input, prompt, truncate, dimensions }

    var texts: EmbeddingsRequest
    /// Texts that are too long lose their ends.
    var truncates: Bool

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        truncates = try fields.field(.truncate) ?? true
        guard let input = try fields.field(.input, as: Texts.self) ?? fields.field(.prompt, as: Texts.self) else {
            throw fields.wrong(.input, "is missing")
        }
        texts = EmbeddingsRequest(
            model: try fields.field(.model), inputs: input.texts.map { .text($0) }, encoding: .float,
            dimensions: try fields.integer(.dimensions, in: 1...(1 << 20)))
        guard texts.inputs.count <= TextReader.countLimit else {
            throw fields.wrong(.input, "must not have more than \(TextReader.countLimit) texts")
        }
    }

    /// A string or several; an empty one is none.
    private struct Texts: Decodable {
        var texts: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try container.ifType(String.self) {
                texts = text.isEmpty ? [] : [text]
            } else if let several = try container.ifType([String].self) {
                texts = several
            } else {
                throw APIError.wrong(decoder.codingPath, "must be a string or an array of strings")
            }
        }
    }
}

/// The body of `POST /api/show`.
struct OllamaShowRequest: Decodable {
    private enum CodingKeys: CodingKey { case model, name }

    var model: String

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        // Older clients say `name`.
        guard let model: String = try fields.field(.model) ?? fields.field(.name) else {
            throw fields.wrong(.model, "is missing")
        }
        self.model = model
    }
}

extension KeyedDecodingContainer {
    fileprivate func refuseImages(_ key: Key) throws {
        if try field(key, as: [String].self)?.isEmpty == false {
            throw wrong(key, "cannot be used: no model here sees images")
        }
    }
}
