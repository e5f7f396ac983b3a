import Glibc

/// Why a file could not be read or written.
package enum FileFault: Error, Sendable, Hashable {
    /// A call of the operating system failed; `what` is what could not be done.
    case system(what: String, path: String, code: CInt)
    case notRegular(path: String)
    /// Others can write it, or it is not the user's own.
    case notPrivate(path: String, reason: String)
    /// The file is no longer what it was when it was opened.
    case changed(path: String, detail: String)

    /// The failure of the call just made, from `errno`.
    static func system(_ what: String, _ path: String) -> FileFault { .system(what: what, path: path, code: errno) }

    package var path: String {
        switch self {
        case .system(_, let path, _), .notRegular(let path), .notPrivate(let path, _), .changed(let path, _): path
        }
    }

    /// What is wrong, without the path.
    package var reason: String {
        switch self {
        case .system(let what, _, let code): "\(what): \(String(cString: strerror(code)))"
        case .notRegular: "not a regular file"
        case .notPrivate(_, let reason): reason
        case .changed(_, let detail): detail
        }
    }
}

extension FileFault: CustomStringConvertible {
    package var description: String { "\(path): \(reason)" }
}
