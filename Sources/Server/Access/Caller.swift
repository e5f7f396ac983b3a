import Access
import HTTPTypes
import Hummingbird
import Synchronization

/// Who sends the request that is worked on, as its key tells; `nil` where the server asks for no keys.
struct Caller: Sendable {
    @TaskLocal static var current: Caller?

    let key: AccessKey
    let control: AccessControl

    /// One request of a caller, which is running until nobody holds this any more.
    final class Lease: Sendable {
        private let caller: Caller

        /// - Throws: `APIError` with status 429 where the caller has used what it may.
        init(_ caller: Caller) throws(APIError) {
            if let refusal = caller.control.begin(caller.key) {
                throw .limited(refusal, caller.control.left(caller.key))
            }
            self.caller = caller
        }

        deinit { caller.control.end(caller.key) }
    }
}

extension APIError {
    /// In OpenAI's words, which its clients obey.
    fileprivate static func limited(_ refusal: KeyUse.Refusal, _ left: [KeyUse.Left]) -> APIError {
        let each = refusal.kind == .concurrentRequests ? "at a time" : "a minute"
        return APIError(
            status: .tooManyRequests, message: "This key may have \(refusal.limit) \(refusal.kind.rawValue) \(each).",
            type: refusal.kind == .tokens ? "tokens" : "requests", code: "rate_limit_exceeded",
            retryAfter: Int(refusal.retryAfter.rounded(.up)), fields: HTTPFields(left))
    }
}

extension HTTPFields {
    /// What is left of limits, as OpenAI tells it.
    init(_ left: [KeyUse.Left]) {
        self.init()
        for left in left {
            for (word, value) in [
                ("limit", "\(left.limit)"), ("remaining", "\(left.remaining)"),
                ("reset", "\(Int(left.reset.rounded(.up)))s"),
            ] {
                if let name = HTTPField.Name("x-ratelimit-\(word)-\(left.kind.rawValue)") { self[name] = value }
            }
        }
    }
}
