/// One prompt of a completion request.
enum CompletionPrompt {
    case text(String)
    case tokens([Int], field: String)
}
