/// Why a model could not be fetched.
package enum HubError: Error, Sendable, Hashable {
    case badReference(String)
    case badAddress(String)
    /// The server wants to know who asks, or does not say whether there is such a repository.
    case unauthorised(String, hasToken: Bool)
    /// Whoever asks may not have it; at `terms` they can be accepted.
    case forbidden(String, terms: String?)
    case notFound(String)
    case tooManyRequests(retryAfter: Double?)
    case refused(what: String, status: Int)
    case unreachable(url: String, reason: String)
    /// The answer is none that a hub gives.
    case unexpected(url: String, reason: String)
    /// No file of the repository is a model; `unusable` names are none that a file here may have.
    case noModel(String, unusable: Int)
    case noQuantisation(String, wanted: String?, found: [String])
    case ambiguous(wanted: String, files: [String])
    case noFile(String, found: [String])
    case unusableName(String)
    case exists(path: String)
    case busy(path: String)
    case noSpace(folder: String, needed: Int, free: Int)
    case wrongHash(file: String, expected: String, found: String)
    case wrongSize(file: String, expected: Int, found: Int)
    case keepsChanging(file: String)
    case disk(String)
}

extension HubError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .badReference(let text):
            "'\(text)' is no repository; write OWNER/NAME or OWNER/NAME:QUANTISATION, as in "
                + "ggml-org/Qwen3-0.6B-GGUF:Q8_0"
        case .badAddress(let text): "'\(text)' is no address of a hub; write http:// or https:// and a host"
        case .unauthorised(let what, hasToken: false):
            "\(what) does not exist, or needs a token: give --token, or set HF_TOKEN"
        case .unauthorised(let what, hasToken: true): "\(what) does not exist, or the token is not good for it"
        case .forbidden(let what, let terms):
            "\(what) may not be fetched; its terms may have to be accepted first, "
                + (terms.map { "at \($0)" } ?? "on its page") + ", and a token given (--token or HF_TOKEN)"
        case .notFound(let what): "\(what) does not exist"
        case .tooManyRequests(let seconds):
            "the hub takes no more requests now; try again "
                + (seconds.map { "in \(Int($0.rounded(.up))) seconds" } ?? "later")
        case .refused(let what, let status): "\(what) was refused with status \(status)"
        case .unreachable(let url, let reason): "\(url): \(reason)"
        case .unexpected(let url, let reason): "\(url): \(reason)"
        case .noModel(let repository, let unusable):
            "\(repository) has no GGUF file"
                + (unusable == 0 ? "" : "; \(unusable) were left out, as their names are not fit for a file")
        case .noQuantisation(let repository, let wanted?, let found):
            "\(repository) has no \(wanted); there are \(found.joined(separator: ", "))"
        case .noQuantisation(let repository, nil, let found):
            "\(repository) has several models; name one, as in \(repository):\(found.first ?? "Q4_K_M"), of "
                + found.joined(separator: ", ")
        case .ambiguous(let wanted, let files):
            "'\(wanted)' may be any of \(files.joined(separator: ", ")); choose one with --file"
        case .noFile(let name, let found): "there is no file '\(name)'; there are \(found.joined(separator: ", "))"
        case .unusableName(let name): "'\(name)' is not fit to be the name of a file"
        case .exists(let path):
            "\(path) is there already, and is another file; remove it first (`weft remove`)"
        case .busy(let path): "\(path) is being fetched by another process"
        case .noSpace(let folder, let needed, let free):
            "\(folder) has room for \(free >> 20) MB, and \((needed + 1 << 20 - 1) >> 20) MB are needed"
        case .wrongHash(let file, let expected, let found):
            "\(file) came with the SHA-256 \(found), and should have \(expected); nothing was kept"
        case .wrongSize(let file, let expected, let found):
            "\(file) comes with \(found) bytes, and should have \(expected)"
        case .keepsChanging(let file):
            "\(file) keeps changing on the server, or the server cannot go on where it broke off"
        case .disk(let reason): reason
        }
    }
}
