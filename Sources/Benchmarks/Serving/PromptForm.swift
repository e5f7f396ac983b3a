/// In which form an endpoint takes prompts and lengths.
package struct PromptForm: Hashable, Sendable, Codable {
    /// Prompts as token ids, which have an exact length.
    package var usesTokenIDs: Bool
    /// `ignore_eos` and `min_tokens`, by which outputs have an exact length.
    package var fixesOutputs: Bool

    package static let exact = PromptForm(usesTokenIDs: true, fixesOutputs: true)

    /// From the most exact form to what every endpoint takes.
    package static let all = [
        exact, PromptForm(usesTokenIDs: true, fixesOutputs: false),
        PromptForm(usesTokenIDs: false, fixesOutputs: true), PromptForm(usesTokenIDs: false, fixesOutputs: false),
    ]
}
