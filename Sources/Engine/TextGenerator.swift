package import Chat
package import Grammar
package import Quantities
package import Scheduling
package import Tokenization
package import Transformer

/// What serves language models: the seam between the HTTP server and the engine.
package protocol TextGenerator: Sendable {
    /// The models served, by name.
    var models: [ServedModel] { get async }

    /// `false` while models load or after shutdown began.
    var isReady: Bool { get async }

    /// Queues a sequence and returns its events as they happen.
    ///
    /// The sequence is freed when it ends, when the returned stream is dropped, or when the consuming task is
    /// cancelled. The stream throws `EngineError` when the sequence breaks off.
    /// - Throws: `EngineError` when the request cannot be admitted.
    func generate(_ request: GenerationRequest) async throws(EngineError) -> AsyncThrowingStream<
        GenerationEvent, any Error
    >

    /// Reads a text whole and returns what the model makes of it. The sequence is freed when the calling task is
    /// cancelled.
    /// - Throws: `EngineError` when the request cannot be admitted, or breaks off.
    func embed(_ request: EmbeddingRequest) async throws(EngineError) -> Embedding
}

/// A model that clients may name.
package struct ServedModel: Sendable {
    package var name: String
    /// Seconds since 1970 at which the model file was written.
    package var created: Int
    /// The most tokens of prompt and output together.
    package var contextLength: Int
    package var tokenizer: any Tokenizer
    /// The file's chat template, absent in base models.
    package var chatTemplate: ChatTemplate?
    package var purpose: ModelPurpose
    /// How a model that ranks wants a question and a document put, where its file says so: with `{query}` and
    /// `{document}` in their places.
    package var rankTemplate: String?
    /// `nil` of a model without a file.
    package var details: ModelDetails?

    package init(
        name: String, created: Int, contextLength: Int, tokenizer: any Tokenizer, chatTemplate: ChatTemplate?,
        purpose: ModelPurpose = .generation, rankTemplate: String? = nil, details: ModelDetails? = nil
    ) {
        self.name = name
        self.created = created
        self.contextLength = contextLength
        self.tokenizer = tokenizer
        self.chatTemplate = chatTemplate
        self.purpose = purpose
        self.rankTemplate = rankTemplate
        self.details = details
    }
}

/// What a model's file says of itself.
package struct ModelDetails: Sendable {
    /// The family of its network, as `llama`.
    package var architecture: String
    /// Numbers in all its tensors.
    package var parameters: Int
    /// The type of the tensors that take most, as `Q4_1`.
    package var type: String
    package var fileBytes: Int
    package var fillTokens: FillTokens?

    /// The tokens before a text, before what follows it, and before what is to be written between them, where the file
    /// names them.
    package struct FillTokens: Sendable, Hashable {
        package var prefix: TokenID
        package var suffix: TokenID
        package var middle: TokenID
        /// Begins another file.
        package var file: TokenID?

        package init(prefix: TokenID, suffix: TokenID, middle: TokenID, file: TokenID? = nil) {
            self.prefix = prefix
            self.suffix = suffix
            self.middle = middle
            self.file = file
        }
    }

    package init(
        architecture: String, parameters: Int, type: String, fileBytes: Int, fillTokens: FillTokens? = nil
    ) {
        self.architecture = architecture
        self.parameters = parameters
        self.type = type
        self.fileBytes = fileBytes
        self.fillTokens = fillTokens
    }
}

/// One sequence that a client wants continued.
package struct GenerationRequest: Sendable {
    /// The name under which the model is served.
    package var model: String
    /// The prompt's tokens; must not be empty.
    package var prompt: [TokenID]
    /// The most tokens to generate; `nil` goes on until the model's context is full.
    package var maxTokens: Int?
    /// End-of-text tokens are not drawn before this many tokens were generated.
    package var minTokens: Int = 0
    /// Goes on after an end-of-text token, as load generators ask for.
    package var ignoresEndOfText = false
    /// Generation ends before the first of these strings; they are not part of the text.
    package var stop: [String] = []
    package var sampling = SamplingOptions()
    /// Special tokens whose text is a part of the output, as it means something to who reads it. Of the others nothing
    /// is shown.
    package var shownTokens: Set<TokenID> = []
    /// `nil` lets the model reason as long as it likes.
    package var reasoningLimit: ReasoningLimit?
    /// How many of the likeliest alternatives to report beside each token; `nil` reports no log probabilities.
    package var topLogprobs: Int?
    /// What the text must be. It ends as soon as nothing may follow, and `ignoresEndOfText` says nothing.
    package var grammar: Grammar?
    package var sender = Sender()

    package init(model: String, prompt: [TokenID]) {
        self.model = model
        self.prompt = prompt
    }
}

/// What a sequence reports while it is generated, in order: tokens, then one end.
package enum GenerationEvent: Sendable {
    case token(GeneratedToken)
    case finished(FinishReason, TokenUsage)
}

/// One token of the output and the text that became certain with it.
package struct GeneratedToken: Sendable {
    package var id: TokenID
    /// Text to append; empty while a character is incomplete or a stop string may have begun.
    package var text: String
    /// Present when the request asked for log probabilities.
    package var logprob: TokenLogprob?

    package init(id: TokenID, text: String, logprob: TokenLogprob? = nil) {
        self.id = id
        self.text = text
        self.logprob = logprob
    }
}

/// The natural logarithm of a token's probability, and of its likeliest alternatives, before temperature and penalties.
package struct TokenLogprob: Sendable {
    package var logprob: Float
    /// The likeliest tokens of this step, best first.
    package var top: [(id: TokenID, logprob: Float)]

    package init(logprob: Float, top: [(id: TokenID, logprob: Float)]) {
        self.logprob = logprob
        self.top = top
    }
}

/// Why a sequence ended, where its answer is whole: the ends that clients are told of, in OpenAI's words. Of how else a
/// sequence may end, `EngineError` tells.
package enum FinishReason: String, Sendable {
    /// An end-of-text token or a stop string.
    case stop
    /// `maxTokens` or the model's context was reached.
    case length
}

/// The tokens that a request took.
package struct TokenUsage: Sendable, Hashable {
    package var promptTokens: Int
    package var completionTokens: Int
    /// Tokens of the prompt whose KV pages were found in the prefix index.
    package var cachedTokens: Int
    package var times = PhaseTimes()

    package init(promptTokens: Int, completionTokens: Int, cachedTokens: Int = 0) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.cachedTokens = cachedTokens
    }
}

/// Seconds that a sequence spent in each phase; `nil` of those that it did not come to.
package struct PhaseTimes: Sendable, Hashable {
    /// From arrival to the first pass.
    package var queue: Double?
    /// From the first pass to the first token, or to the end of a text that is read.
    package var prefill: Double?
    /// From the first token to the last.
    package var decode: Double?

    package init(queue: Double? = nil, prefill: Double? = nil, decode: Double? = nil) {
        (self.queue, self.prefill, self.decode) = (queue, prefill, decode)
    }
}

/// Why a request was refused or a sequence broke off.
package enum EngineError: Error, Sendable {
    case modelNotFound(String)
    case emptyPrompt
    /// The prompt leaves no room for a single token.
    case contextLengthExceeded(model: String, promptTokens: Int, limit: Int)
    /// The text is longer than what the model reads.
    case textTooLong(model: String, tokens: Int, limit: Int)
    /// The model is for something else.
    case unsuitable(model: String, purpose: ModelPurpose)
    case tokenOutOfVocabulary(Int, vocabularySize: Int)
    /// More pages than the whole pool holds.
    case poolTooSmall(model: String, pagesNeeded: Int, pages: Int)
    /// The queue is full; worth another try after the given seconds.
    case overloaded(retryAfter: Int)
    /// The engine is loading or shutting down.
    case unavailable(String)
    /// Whoever asked has gone.
    case cancelled
    /// The unit that served the model failed while it worked, and the request could not go on in another.
    case unitFailed(unit: String, model: String, reason: String)
}
