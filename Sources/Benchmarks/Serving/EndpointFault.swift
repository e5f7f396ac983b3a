import Foundation

/// An error as OpenAI endpoints describe it: an object with a message, or a text of its own.
struct EndpointFault: Decodable {
    var message: String

    private enum CodingKeys: String, CodingKey { case message }

    private struct Body: Decodable { var error: EndpointFault }

    init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            message = text
        } else {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            message = try fields.decodeIfPresent(String.self, forKey: .message) ?? "no message"
        }
    }

    /// What the body of a refusal says, in at most 300 characters.
    static func message(in body: Data) -> String {
        let message = (try? JSONDecoder().decode(Body.self, from: body))?.error.message
        return String((message ?? String(decoding: body, as: UTF8.self)).prefix(300))
    }
}
