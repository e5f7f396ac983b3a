package import ConfigurationFiles
import Foundation

/// The keys of a server.
package struct KeyRing: Sendable, Hashable {
    package private(set) var keys: [AccessKey] = []

    package init() {}

    /// Of a file of keys, `keys: [...]`.
    ///
    /// - Throws: `FileError`, also where two keys have one name or one secret.
    package init(_ root: Field) throws(FileError) {
        try root.allowOnly(["keys"])
        for entry in try root.field("keys").elements(eachWithOwn: "name") {
            let key = try AccessKey(entry)
            if let other = keys.first(where: { $0.digest == key.digest }) {
                throw try entry.field("digest").error("is that of '\(other.name)' too")
            }
            keys.append(key)
        }
    }

    /// Of the environment: `WEFT_API_KEYS` and `WEFT_ADMIN_KEYS`, secrets with commas between, each perhaps with a name
    /// and `=` in front. Those of the second may administer too.
    ///
    /// - Throws: `KeyError` where two have one name or one secret, or a secret is short.
    package init(environment: [String: String]) throws(KeyError) {
        let variables: [(name: String, rights: Set<AccessKey.Right>)] = [
            ("WEFT_API_KEYS", [.serve]), ("WEFT_ADMIN_KEYS", [.serve, .admin]),
        ]
        for variable in variables {
            let entries = (environment[variable.name] ?? "").split(separator: ",")
            for (index, entry) in entries.enumerated() {
                let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
                guard let secret = parts.last, secret.utf8.count >= Self.shortestSecret else {
                    throw KeyError("\(variable.name): a key has fewer than \(Self.shortestSecret) characters")
                }
                var key = AccessKey(
                    name: parts.count > 1 ? parts[0] : "\(variable.name.lowercased())[\(index)]",
                    digest: KeyDigest(of: secret))
                key.rights = variable.rights
                try add(key)
            }
        }
    }

    /// Chosen: 16 random letters and digits are beyond guessing over a network.
    package static let shortestSecret = 16

    package mutating func add(_ key: AccessKey) throws(KeyError) {
        guard !keys.contains(where: { $0.name == key.name }) else {
            throw KeyError("two keys are called '\(key.name)'")
        }
        guard !keys.contains(where: { $0.digest == key.digest }) else {
            throw KeyError("'\(key.name)' has the secret of another key")
        }
        keys.append(key)
    }

    package var isEmpty: Bool { keys.isEmpty }

    /// The key whose secret this is. Takes as long for a wrong one as for a right one.
    ///
    /// - Complexity: O(keys).
    package func key(withSecret secret: String) -> AccessKey? {
        let digest = KeyDigest(of: secret)
        var found: AccessKey?
        for key in keys where key.digest == digest { found = key }
        return found
    }

    /// A secret nobody can guess: 256 random bits.
    package static func newSecret() -> String {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let text = Data(bytes).base64EncodedString()
        return "weft-" + text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

/// Why keys cannot be used.
package struct KeyError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
