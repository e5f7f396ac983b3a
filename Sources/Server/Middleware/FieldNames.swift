import HTTPTypes

extension HTTPField.Name {
    static let xRequestID = named("x-request-id")
    static let referrerPolicy = named("referrer-policy")
    static let xAPIKey = named("x-api-key")
    /// Tells proxies to pass events on at once.
    static let xAccelBuffering = named("x-accel-buffering")

    private static func named(_ name: StaticString) -> HTTPField.Name {
        guard let name = HTTPField.Name("\(name)") else { preconditionFailure("\(name) is not a header name") }
        return name
    }
}
