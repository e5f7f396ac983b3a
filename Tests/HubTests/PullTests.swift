import Foundation
import HTTPTypes
import Hub
import Synchronization
import Testing

/// Models are fetched from a listening hub.
@Suite(.timeLimit(.minutes(10))) struct PullTests {
    private static let name = "tiny-Q4_K_M.gguf"
    private static let bytes = ScriptedHub.bytes(300_000, seed: 1)

    /// A folder for models, and fetching into it.
    private final class Here: Sendable {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weft-pull-\(UUID().uuidString)").path

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func puller(_ base: String, token: String? = nil) -> Puller {
            var puller = Puller(base: base, token: token, folder: folder)
            puller.secondOfWaiting = .milliseconds(1)
            return puller
        }

        var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() }

        func content(_ name: String) -> [UInt8]? {
            FileManager.default.contents(atPath: "\(folder)/\(name)").map { Array($0) }
        }
    }

    @discardableResult
    private func pull(
        _ hub: ScriptedHub, into here: Here, _ text: String = ScriptedHub.repository, token: String? = nil,
        file: String? = nil, configure: @Sendable @escaping (inout Puller) -> Void = { _ in }
    ) async throws -> Puller.Pulled {
        try await hub.run { base in
            var puller = here.puller(base, token: token)
            configure(&puller)
            return try await puller.pull(ModelReference(text), file: file)
        }
    }

    @Test func aModelIsFetched() async throws {
        let (hub, here) = (ScriptedHub([Self.name: Self.bytes, "tiny-Q8_0.gguf": [1], "a.md": [2]]), Here())
        let pulled = try await pull(hub, into: here)
        #expect(pulled.name == "tiny-Q4_K_M" && pulled.quantisation == "Q4_K_M")
        #expect(pulled.files.map(\.sha256) == [ScriptedHub.hash(Self.bytes)] && pulled.files[0].isVerified)
        #expect(here.names == [Self.name] && here.content(Self.name) == Self.bytes)
        // Again: it is there.
        let again = try await pull(hub, into: here)
        #expect(again.files[0].wasThere && again.files[0].sha256 == pulled.files[0].sha256)
        #expect(hub.asked.count == 2, "once at the hub, once where it led")
    }

    @Test func theTokenIsTheHubsAlone() async throws {
        let (hub, here) = (ScriptedHub([Self.name: Self.bytes], .init(token: "secret")), Here())
        try await pull(hub, into: here, token: "secret")
        #expect(hub.asked.map(\.place) == ["hub", "store"])
        #expect(hub.asked.map(\.authorization) == ["Bearer secret", nil])
        await #expect(throws: HubError.unauthorised(ScriptedHub.repository, hasToken: false)) {
            try await pull(hub, into: Here())
        }
        await #expect(throws: HubError.unauthorised(ScriptedHub.repository, hasToken: true)) {
            try await pull(hub, into: Here(), token: "wrong")
        }
    }

    @Test(arguments: [true, false]) func cutsCostNothing(isPlain: Bool) async throws {
        let (hub, here) = (ScriptedHub([Self.name: Self.bytes], .init(cuts: 12, isPlain: isPlain)), Here())
        try await pull(hub, into: here)
        #expect(here.content(Self.name) == Self.bytes && here.names == [Self.name])
        let ranges = hub.asked.filter { $0.place == (isPlain ? "hub" : "store") }.compactMap(\.range)
        #expect(ranges.count > 6, "it went on where it was cut")
        #expect(hub.asked.contains { $0.ifRange != nil } == isPlain)
    }

    @Test func aServerWithoutRangesIsAskedFromTheBeginning() async throws {
        let (hub, here) = (ScriptedHub([Self.name: Self.bytes], .init(cuts: 2, takesRanges: false)), Here())
        try await pull(hub, into: here)
        #expect(here.content(Self.name) == Self.bytes)
        hub.change { $0.cuts = 1000 }
        await #expect(throws: HubError.keepsChanging(file: Self.name)) { try await pull(hub, into: Here()) }
    }

    @Test func anotherAttemptGoesOn() async throws {
        let (hub, here) = (ScriptedHub([Self.name: Self.bytes], .init(cuts: 1)), Here())
        hub.change { $0.statuses = [] }
        // Cut once, then refused until it gives up.
        let progress = Mutex(0)
        await #expect(throws: HubError.self) {
            try await hub.run { base in
                try await here.puller(base).pull(ModelReference(ScriptedHub.repository)) { now in
                    if now.trouble != nil { hub.change { $0.statuses = .init(repeating: .badGateway, count: 9) } }
                    progress.withLock { $0 = now.held }
                }
            }
        }
        let held = progress.withLock { $0 }
        #expect(held > 0 && held < Self.bytes.count && here.names == ["\(Self.name).part", "\(Self.name).part.json"])
        hub.change { $0.statuses = [] }
        let before = hub.asked.count
        // The address of the file must be the same, and this hub has another port each time.
        let origin = "\(here.folder)/\(Self.name).part.json"
        let text = try String(contentsOfFile: origin, encoding: .utf8)
        try await hub.run { base in
            let ours = text.replacing(#/http:\/\/127.0.0.1:\d+/#, with: base)
            try ours.write(toFile: origin, atomically: true, encoding: .utf8)
            _ = try await here.puller(base).pull(ModelReference(ScriptedHub.repository))
        }
        #expect(hub.asked[before...].map(\.range) == ["bytes=\(held)-", "bytes=\(held)-"])
        #expect(here.content(Self.name) == Self.bytes && here.names == [Self.name])
    }

    @Test(arguments: [true, false]) func aChangedFileStartsOver(isPlain: Bool) async throws {
        let other = ScriptedHub.bytes(200_000, seed: 2)
        // Without what the hub says of the content, the list must not say another hash.
        let script = ScriptedHub.Script(cuts: 1, isPlain: isPlain, hasTrees: !isPlain)
        let (hub, here) = (ScriptedHub([Self.name: Self.bytes], script), Here())
        try await hub.run { base in
            _ = try await here.puller(base).pull(ModelReference(ScriptedHub.repository)) { now in
                if now.trouble != nil { hub.change(Self.name, to: other) }
            }
        }
        #expect(here.content(Self.name) == other)
    }

    @Test func aWrongHashIsNotKept() async throws {
        let (hub, here) = (ScriptedHub([Self.name: Self.bytes], .init(wrongHashes: [Self.name], isPlain: true)), Here())
        let error = HubError.wrongHash(
            file: Self.name, expected: ScriptedHub.hash([0]), found: ScriptedHub.hash(Self.bytes))
        await #expect(throws: error) { try await pull(hub, into: here) }
        #expect(here.names.isEmpty)
    }

    @Test func partsAreFetchedAsASet() async throws {
        let names = (1...3).map { "UD/big-Q4_0-0000\($0)-of-00003.gguf" }
        let files = Dictionary(names.map { ($0, ScriptedHub.bytes(5000, seed: UInt64($0.count))) }) { $1 }
        let (hub, here) = (ScriptedHub(files, .init(cuts: 2)), Here())
        let pulled = try await pull(hub, into: here, "\(ScriptedHub.repository):q4_0")
        #expect(pulled.name == "big-Q4_0")
        #expect(here.names == names.map { String($0.dropFirst(3)) })
    }

    @Test func faultsHaveTheirWords() async throws {
        let hub = ScriptedHub([Self.name: Self.bytes])
        for (status, error) in [
            (HTTPResponse.Status.forbidden, nil), (.notFound, HubError.notFound(ScriptedHub.repository)),
            (.tooManyRequests, .tooManyRequests(retryAfter: nil)),
            (.badGateway, .refused(what: ScriptedHub.repository, status: 502)),
        ] {
            hub.change { $0.listing = status }
            do {
                try await pull(hub, into: Here())
                Issue.record("\(status) is no failure")
            } catch let found as HubError {
                if let error { #expect(found == error) } else { #expect("\(found)".contains("terms")) }
            }
        }
        hub.change { $0.listing = .ok }
        await #expect(throws: HubError.self) { try await pull(hub, into: Here(), "lab/nothing") }
        await #expect(throws: HubError.self) { try await pull(hub, into: Here(), file: "nothing.gguf") }
        let closed = Puller(base: "http://127.0.0.1:1", folder: Here().folder)
        await #expect(throws: HubError.self) { try await closed.pull(ModelReference("lab/tiny")) }
        let none = Puller(base: "ftp://x", folder: Here().folder)
        await #expect(throws: HubError.badAddress("ftp://x")) { try await none.pull(ModelReference("lab/tiny")) }
    }

    @Test func fewRefusalsAreWaitedFor() async throws {
        let (hub, here) = (ScriptedHub([Self.name: Self.bytes]), Here())
        hub.change { $0.statuses = [.serviceUnavailable, .badGateway, .tooManyRequests] }
        try await pull(hub, into: here)
        #expect(here.content(Self.name) == Self.bytes)
    }

    @Test func aFullDiskIsSaidBeforehand() async throws {
        let (hub, here) = (ScriptedHub([Self.name: Self.bytes]), Here())
        let error = HubError.noSpace(folder: here.folder, needed: 300_000, free: 299_999)
        await #expect(throws: error) {
            try await pull(hub, into: here) { $0.freeBytes = { _ in 299_999 } }
        }
        #expect(here.names.isEmpty && hub.asked.isEmpty)
    }

    @Test func whatIsThereIsNotOverwritten() async throws {
        let (hub, here) = (ScriptedHub([Self.name: Self.bytes]), Here())
        try FileManager.default.createDirectory(atPath: here.folder, withIntermediateDirectories: true)
        let path = "\(here.folder)/\(Self.name)"
        for bytes in [[1, 2, 3], ScriptedHub.bytes(300_000, seed: 9)] as [[UInt8]] {
            try Data(bytes).write(to: URL(filePath: path))
            await #expect(throws: HubError.exists(path: path)) { try await pull(hub, into: here) }
            #expect(here.content(Self.name) == bytes)
        }
        // Nor is a link followed, which leads out of the folder.
        let outside = here.folder + "-outside"
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path + ".part", withDestinationPath: outside)
        await #expect(throws: HubError.self) { try await pull(hub, into: here) }
        #expect(!FileManager.default.fileExists(atPath: outside))
    }

    @Test func hostileNamesAreLeftAlone() async throws {
        let script = ScriptedHub.Script(otherNames: ["../../x-Q4_K_M.gguf", "/etc/y-Q4_K_M.gguf"])
        let (hub, here) = (ScriptedHub([Self.name: Self.bytes], script), Here())
        try await pull(hub, into: here)
        #expect(here.names == [Self.name])
        await #expect(throws: HubError.unusableName("../../x-Q4_K_M.gguf")) {
            try await pull(hub, into: Here(), file: "../../x-Q4_K_M.gguf")
        }
    }
}
