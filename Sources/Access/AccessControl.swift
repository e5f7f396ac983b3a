import ConfigurationFiles
import Foundation
package import Logging
import Synchronization

/// Who may do what: the keys of a file and of the environment, and what each of them has used.
///
/// A file that changed is read again within a second; one that is wrong then changes nothing, and is told in the log.
package final class AccessControl: Sendable {
    private struct State {
        var ring: KeyRing
        var watch: FileWatch
        var uses: [String: KeyUse] = [:]
    }

    private let path: String?
    private let others: KeyRing
    /// Of the routers in front, which may do everything where keys are asked for.
    private let router: AccessKey?
    private let logger: Logger
    private let clock: @Sendable () -> Double
    private let state: Mutex<State>

    /// - Parameters:
    ///   - path: of the file of keys; `nil` where there is none.
    ///   - environment: see `KeyRing.init(environment:)`.
    ///   - routerSecret: what the routers in front of the server bear.
    ///   - clock: seconds that only go forward; those of the machine, but for tests.
    /// - Throws: `FileError`, `KeyError`, or what Foundation throws where the file cannot be read.
    package init(
        file path: String?, environment: [String: String], routerSecret: String? = nil, logger: Logger,
        clock: (@Sendable () -> Double)? = nil
    ) throws {
        let start = ContinuousClock.now
        self.clock = clock ?? { (ContinuousClock.now - start) / .seconds(1) }
        self.path = path
        self.logger = logger
        others = try KeyRing(environment: environment)
        router = routerSecret.map { secret in
            var key = AccessKey(name: "router", digest: KeyDigest(of: secret))
            key.rights = Set(AccessKey.Right.allCases)
            return key
        }
        let watch = FileWatch([path].compactMap { $0 })
        state = Mutex(State(ring: try Self.ring(path, others), watch: watch))
    }

    /// Without keys everyone may do everything.
    package var hasKeys: Bool { state.withLock { !$0.ring.isEmpty || path != nil } }

    /// The key whose secret this is.
    package func key(withSecret secret: String) -> AccessKey? {
        state.withLock { state in
            reloadIfChanged(&state)
            if let key = state.ring.key(withSecret: secret) { return key }
            return router.flatMap { $0.digest == KeyDigest(of: secret) ? $0 : nil }
        }
    }

    /// Lets a request of a key in.
    ///
    /// - Returns: why it is not let in; else it must be ended.
    package func begin(_ key: AccessKey) -> KeyUse.Refusal? {
        state.withLock { state in
            use(of: key, &state) { $0.begin(at: $1) }
        }
    }

    package func end(_ key: AccessKey) { state.withLock { state in use(of: key, &state) { use, _ in use.end() } } }

    package func charge(_ key: AccessKey, tokens: Int) {
        state.withLock { state in
            use(of: key, &state) { $0.charge(tokens: tokens, at: $1) }
        }
    }

    /// What a key has left of its limits.
    package func left(_ key: AccessKey) -> [KeyUse.Left] {
        state.withLock { state in use(of: key, &state) { $0.left(at: $1) } }
    }

    /// Reads the file anew, whether it changed or not.
    ///
    /// - Throws: as the initialiser; then the keys stay as they were.
    package func reload() throws {
        let ring = try Self.ring(path, others)
        state.withLock { $0.ring = ring }
    }

    private func reloadIfChanged(_ state: inout State) {
        guard state.watch.hasChanged() else { return }
        do {
            state.ring = try Self.ring(path, others)
            logger.info("keys were read again", metadata: ["keys": "\(state.ring.keys.count)"])
        } catch {
            logger.error("the file of keys is wrong, and the keys stay as they were", metadata: ["reason": "\(error)"])
        }
    }

    private func use<Result>(
        of key: AccessKey, _ state: inout State, _ body: (inout KeyUse, _ now: Double) -> Result
    ) -> Result {
        let now = clock()
        var use = state.uses[key.name]?.under(key.limits, at: now) ?? KeyUse(key.limits, at: now)
        defer { state.uses[key.name] = use }
        return body(&use, now)
    }

    private static func ring(_ path: String?, _ others: KeyRing) throws -> KeyRing {
        guard let path else { return others }
        var ring = try KeyRing(Field(String(contentsOfFile: path, encoding: .utf8), file: path))
        for key in others.keys { try ring.add(key) }
        return ring
    }

}
