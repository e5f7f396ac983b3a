package import Foundation
package import Quantities
package import Workloads

/// The body of one completion request.
package struct CompletionBody: Encodable {
    private struct StreamOptions: Encodable { var includeUsage = true }

    private var model: String
    private var prompt: Prompt
    private var maxTokens: Int
    private var minTokens: Int?
    private var ignoreEos: Bool?
    private var temperature = 0
    private var stream = true
    private var streamOptions = StreamOptions()

    /// - Parameters:
    ///   - model: The endpoint's name of the model.
    package init(_ request: Request, model: String, form: PromptForm, using random: inout SplitMix64) {
        self.model = model
        prompt = Prompt(length: request.promptTokens, asTokens: form.usesTokenIDs, using: &random)
        maxTokens = request.outputTokens
        minTokens = form.fixesOutputs ? request.outputTokens : nil
        ignoreEos = form.fixesOutputs ? true : nil
    }

    package func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return try encoder.encode(self)
    }
}
