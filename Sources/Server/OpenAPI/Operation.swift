import HTTPTypes

/// A method of a path, as `/openapi.json` describes it. A test holds the list to the routes that there are.
struct Operation: Sendable {
    enum Group: String, CaseIterable {
        case openAI = "OpenAI"
        case anthropic = "Anthropic"
        case ollama = "Ollama"
        case llama = "llama.cpp"
        case probes = "Probes"
        case administration = "Administration"

        /// The schema of what goes wrong.
        var error: String {
            switch self {
            case .anthropic: "AnthropicError"
            case .ollama: "OllamaError"
            case .openAI, .llama, .probes, .administration: "Error"
            }
        }
    }

    enum Answer {
        /// A schema of `components.json`.
        case json(String)
        /// Whole, or where the request asks for it as a stream of this type.
        case streamed(String, as: String)
        /// A text of this type.
        case text(String)
        /// A stream of this type, whose parts no schema describes.
        case stream(String)
        case nothing
    }

    var method: HTTPRequest.Method
    /// With `{name}` for what differs.
    var path: String
    var group: Group
    var summary: String
    /// The schema of the body; `nil` for none.
    var body: String?
    var answer: Answer
    /// Names of what may stand behind `?`.
    var query: [String] = []
    /// Whether only servers do it that are configured so.
    var isOptional = false

    private init(
        _ method: HTTPRequest.Method, _ path: String, _ group: Group, _ summary: String, takes body: String? = nil,
        query: [String] = [], isOptional: Bool = false, gives answer: Answer
    ) {
        (self.method, self.path, self.group, self.summary) = (method, path, group, summary)
        (self.body, self.query, self.answer, self.isOptional) = (body, query, answer, isOptional)
    }

    private static let (events, lines) = ("text/event-stream", "application/x-ndjson")

    static let all: [Operation] = [
        Operation(
            .post, "/v1/chat/completions", .openAI, "Goes on with a conversation.", takes: "Chat",
            gives: .streamed("ChatCompletion", as: events)),
        Operation(
            .post, "/v1/completions", .openAI, "Goes on with a text.", takes: "Completion",
            gives: .streamed("TextCompletion", as: events)),
        Operation(
            .post, "/v1/responses", .openAI, "Goes on with a conversation, which is sent whole.", takes: "Responses",
            gives: .streamed("Response", as: events)),
        Operation(
            .post, "/v1/embeddings", .openAI, "Makes vectors of texts.", takes: "Embeddings",
            gives: .json("EmbeddingList")),
        Operation(
            .post, "/v1/rerank", .openAI, "Orders documents by a question, in Jina's and Cohere's shape.",
            takes: "Rerank", gives: .json("Ranking")),
        Operation(.get, "/v1/models", .openAI, "Lists the models.", gives: .json("ModelList")),
        Operation(.get, "/v1/models/{model}", .openAI, "Tells of a model.", gives: .json("Model")),
        Operation(
            .post, "/v1/messages", .anthropic, "Goes on with a conversation.", takes: "AnthropicMessages",
            gives: .streamed("AnthropicMessage", as: events)),
        Operation(
            .post, "/v1/messages/count_tokens", .anthropic, "Counts a conversation's tokens.",
            takes: "AnthropicMessages", gives: .json("AnthropicCount")),
        Operation(
            .post, "/infill", .llama, "Writes what stands between two texts.", takes: "Infill",
            gives: .streamed("Filled", as: events)),
        Operation(
            .post, "/apply-template", .llama, "Gives the prompt that a conversation has.", takes: "Chat",
            gives: .json("RenderedPrompt")),
        Operation(
            .post, "/tokenize", .llama, "Makes tokens of a text.", takes: "Tokenize", gives: .json("Tokens")),
        Operation(
            .post, "/detokenize", .llama, "Makes a text of tokens.", takes: "Detokenize", gives: .json("Content")),
        Operation(
            .post, "/api/chat", .ollama, "Goes on with a conversation; a stream unless `stream` is false.",
            takes: "OllamaChat", gives: .streamed("OllamaChatPiece", as: lines)),
        Operation(
            .post, "/api/generate", .ollama, "Answers a prompt; a stream unless `stream` is false.",
            takes: "OllamaGenerate", gives: .streamed("OllamaPiece", as: lines)),
        Operation(
            .post, "/api/embed", .ollama, "Makes vectors of texts.", takes: "OllamaEmbed",
            gives: .json("OllamaVectors")),
        Operation(
            .post, "/api/embeddings", .ollama, "Makes a vector of a text.", takes: "OllamaEmbed",
            gives: .json("OllamaVector")),
        Operation(.get, "/api/tags", .ollama, "Lists the models.", gives: .json("OllamaModels")),
        Operation(.get, "/api/ps", .ollama, "Lists the models that are loaded: all.", gives: .json("OllamaModels")),
        Operation(.post, "/api/show", .ollama, "Tells of a model.", takes: "OllamaShow", gives: .json("OllamaModel")),
        Operation(
            .get, "/api/version", .ollama, "The version of Ollama whose API this is.", gives: .json("Version")),
        Operation(.get, "/openapi.json", .llama, "This description.", gives: .json("Description")),
        Operation(.get, "/health", .probes, "The process is alive.", gives: .json("Status")),
        Operation(.get, "/v1/health", .probes, "The same.", gives: .json("Status")),
        Operation(.get, "/ping", .probes, "The same, without a body.", gives: .nothing),
        Operation(.get, "/ready", .probes, "All models are loaded and all units work.", gives: .json("Status")),
        Operation(.get, "/version", .probes, "The version of the server.", gives: .json("Version")),
        Operation(.get, "/metrics", .administration, "Figures for Prometheus.", gives: .text("text/plain")),
        Operation(.get, "/admin/status", .administration, "How the units stand.", gives: .json("FleetStatus")),
        Operation(
            .get, "/admin/events", .administration, "What the units do, as they do it.", gives: .stream(events)),
        Operation(
            .post, "/admin/reload", .administration, "Reads the configuration again.", query: ["patience"],
            gives: .json("Reloaded")),
        Operation(
            .get, "/admin/placement", .administration, "What is asked of models, where they are, and what moved last.",
            isOptional: true, gives: .json("Placement")),
        Operation(
            .post, "/admin/placement", .administration, "Moves models for what is asked of them now.",
            query: ["dry_run"], isOptional: true, gives: .json("Replaced")),
        Operation(
            .post, "/admin/drain", .administration, "Takes no more requests, and ends the program when it has none.",
            query: ["exit"], gives: .json("Drain")),
        Operation(.delete, "/admin/drain", .administration, "Takes requests again.", gives: .json("Drain")),
        Operation(
            .post, "/admin/models", .administration, "Loads a model.", takes: "ServedModel", query: ["unit"],
            gives: .json("Loaded")),
        Operation(
            .delete, "/admin/models/{model}", .administration, "Unloads a model.", query: ["patience"],
            gives: .json("Unloaded")),
    ]
}
