import Engine
import Foundation
import HTTPTypes
import Logging
import NIOHTTP1
import Routing
import Server
import ServiceLifecycle
import Synchronization
import Testing

/// A router over real sockets, in front of servers whose engines are scripted.
@Suite(.timeLimit(.minutes(10))) struct RouterTests {
    private static let greedy = #""stream": true, "temperature": 0"#

    @Test func requestsGoToWhoHasTheirModel() async throws {
        let log = LogRecorder()
        try await TestRouter.running { router in
            try await serving(ScriptedGenerator(Script(texts: ["one"])), log: log.logger) { one, _ in
                try await serving(ScriptedGenerator(Script(texts: ["two"]), models: [.base])) { two, _ in
                    try await router.announce("one", port: one)
                    try await router.announce("two", port: two, models: ["lab/base model"])
                    let reply = try await router.ask(
                        .POST, "/v1/completions?x=1", #"{"model": "tiny", "prompt": "a"}"#,
                        headers: ["x-request-id": "my-own", "authorization": "Bearer mine"])
                    #expect(reply.status == 200 && reply.worker == "one")
                    #expect(try reply.json.choices?[0]?.text == "one")
                    // The worker heard the client's name of it.
                    #expect(log.all.contains { $0.contains("my-own") })
                    #expect(try await router.complete(model: "lab/base model").worker == "two")
                    let stream = try await router.complete(#""stream": true"#)
                    #expect(try stream.streamedText == "one" && stream.events.last == "[DONE]")
                    let tagged = #"{"model": "tiny:latest", "prompt": "a", "raw": true}"#
                    let lines = try await router.ask(.POST, "/api/generate", tagged)
                    #expect(try lines.lines.first?.response == "one", "\(lines.text)")
                    #expect(
                        try await router.ask(.POST, "/tokenize", #"{"model": "tiny", "content": "a"}"#).status == 200)

                    let unknown = try await router.complete(model: "nobody")
                    #expect(try unknown.status == 404 && unknown.error?.code == "model_not_found")
                    let missing = try await router.ask(.POST, "/v1/completions", #"{"prompt": "a"}"#)
                    #expect(try missing.status == 400 && missing.error?.param == "model")
                    // What the worker refuses is told as it tells it.
                    let wrong = try await router.complete(#""n": 99"#)
                    #expect(try wrong.status == 400 && wrong.error?.param == "n")
                    #expect(try await router.ask(.POST, "/v1/completions", "{").status == 400)
                    #expect(try await router.ask(.POST, "/admin/models", "{}").status == 404)
                }
            }
        }
    }

    @Test func withoutWorkersOneLineSaysSo() async throws {
        try await TestRouter.running { router in
            for reply in [
                try await router.complete(), try await router.ask(.GET, "/v1/models"),
                try await router.ask(.GET, "/ready"),
            ] {
                #expect(reply.status == 503 && reply.headers[.retryAfter] != nil)
                #expect(try reply.error?.message?.asText?.hasPrefix("This router knows no worker") == true)
            }
            let anthropic = try await router.ask(.POST, "/v1/messages", #"{"model": "m"}"#)
            #expect(try anthropic.status == 503 && anthropic.json.type == "error")
            #expect(try await router.ask(.GET, "/health").status == 200)
        }
    }

    @Test func whoIsBusyOrDeadIsPassedOver() async throws {
        let busy = ScriptedGenerator(Script(refusal: .overloaded(retryAfter: 7)))
        try await TestRouter.running { router in
            try await serving(busy) { port, _ in
                try await router.announce("busy", port: port)
                let refused = try await router.complete()
                #expect(refused.status == 503 && refused.headers[.retryAfter] == "7")
                try await serving(ScriptedGenerator()) { good, _ in
                    // The others are idle and are asked first.
                    try await router.announce("good", port: good, requests: 50)
                    // Nobody listens there.
                    try await router.announce("dead", port: 1)
                    for _ in 0..<4 {
                        #expect(try await router.complete().worker == "good")
                        #expect(try await router.complete(#""stream": true"#).worker == "good")
                    }
                    #expect(busy.requests.count > 1)
                }
            }
        }
    }

    @Test func aRequestWaitsForAWorkerThatIsOnItsWay() async throws {
        try await TestRouter.running { router in
            try await serving(ScriptedGenerator()) { port, _ in
                try await router.announce("a", port: port, state: .loading)
                #expect(try await router.ask(.GET, "/ready").status == 503)
                async let reply = router.complete()
                try await Task.sleep(for: .milliseconds(50))
                try await router.announce("a", port: port)
                #expect(try await reply.status == 200)
                #expect(try await router.ask(.GET, "/ready").status == 200)
            }
        }
    }

    @Test func anOldIncarnationIsHeardNoMore() async throws {
        try await TestRouter.running { router in
            try await serving(ScriptedGenerator(Script(texts: ["old"]))) { old, _ in
                try await serving(ScriptedGenerator(Script(texts: ["new"]))) { new, _ in
                    try await router.announce("a", port: old)
                    #expect(try await router.complete().text.contains("old"))
                    try await router.announce("a", port: new, epoch: 2)
                    let fenced = try await router.announce("a", port: old)
                    #expect(try fenced.status == 409 && fenced.error?.code == "fenced")
                    for _ in 0..<4 { #expect(try await router.complete().text.contains("new")) }
                    #expect(try await router.ask(.DELETE, "/registry?worker=a&epoch=2").status == 200)
                    #expect(try await router.announce("a", port: new, epoch: 2).status == 409)
                    #expect(try await router.complete().status == 503)
                }
            }
        }
    }

    @Test func otherVersionsAreRefusedInOneLine() async throws {
        let log = LogRecorder()
        try await TestRouter.running(log: log.logger) { router in
            for _ in 0..<3 {
                let reply = try await router.announce("a", port: 1, version: "0.0.9")
                let message = "worker a is weft 0.0.9, and this router is weft 1: run the same version on both"
                #expect(try reply.status == 400 && reply.error?.message?.asText == message)
            }
            #expect(try await router.ask(.POST, "/registry", "[]").status == 400)
        }
        #expect(log.all.count { $0.contains("run the same version") } == 1)
    }

    // MARK: Streams that break off

    /// A stream of `first` that breaks off, and another worker that is asked next.
    private func broken(
        _ fields: String, first: [String] = ["a", "b"], then: [String], path: String = "/v1/completions",
        body: String? = nil, _ check: @escaping @Sendable (Reply, ScriptedGenerator, TestRouter) throws -> Void
    ) async throws {
        let failing = ScriptedGenerator(
            Script(texts: first, failure: .unitFailed(unit: "u", model: "tiny", reason: "gone")))
        let second = ScriptedGenerator(Script(texts: then))
        try await TestRouter.running { router in
            try await serving(failing) { one, _ in
                try await serving(second) { two, _ in
                    try await router.announce("one", port: one)
                    try await router.announce("two", port: two, requests: 50)
                    let body = body ?? #"{"model": "tiny", "prompt": "a", "stream": true, \#(fields)}"#
                    try check(try await router.ask(.POST, path, body), second, router)
                }
            }
        }
    }

    @Test(arguments: [#""temperature": 0"#, #""seed": 7"#])
    func aStreamThatCanBeHadTwiceGoesOnElsewhere(_ fields: String) async throws {
        try await broken(fields, then: ["a", "b", "c", "d"]) { (reply, second, _) throws in
            #expect(reply.status == 200 && second.requests.count == 1)
            #expect(try reply.streamedText == "abcd")
            #expect(Set(try reply.chunks.map { $0.id?.asText }).count == 1)
            #expect(reply.events.last == "[DONE]" && !reply.text.contains("error"))
        }
        let chat = #"{"model": "tiny", "messages": [{"role": "user", "content": "x"}], "stream": true, \#(fields)}"#
        let path = "/v1/chat/completions"
        try await broken(fields, then: ["a", "b", "c"], path: path, body: chat) { (reply, _, _) throws in
            #expect(try reply.chunks.compactMap { $0.choices?[0]?.delta?.content?.asText }.joined() == "abc")
        }
    }

    @Test func aStreamThatWouldGoOnOtherwiseEndsWithAnError() async throws {
        try await broken(#""temperature": 0"#, then: ["a", "x", "y"]) { (reply, _, _) throws in
            #expect(try reply.chunks.dropLast().compactMap { $0.choices?[0]?.text?.asText }.joined() == "ab")
            let message = try reply.chunks.last?.error?.message?.asText
            #expect(message?.contains("worker two") == true && message?.contains("another text") == true)
        }
    }

    @Test func aStreamThatCannotBeHadTwiceEndsAsItsWorkerSays() async throws {
        try await broken(#""temperature": 1"#, then: ["a", "b", "c"]) { (reply, second, _) throws in
            #expect(second.requests.isEmpty)
            #expect(try reply.chunks.last?.error?.message?.asText?.contains("unit 'u' failed") == true)
        }
    }

    /// Before its first word any stream may be had elsewhere, and any whole answer.
    @Test(arguments: [
        ("/v1/completions", #"{"model": "tiny", "prompt": "a", "stream": true}"#),
        ("/v1/completions", #"{"model": "tiny", "prompt": "a"}"#),
        ("/api/generate", #"{"model": "tiny", "prompt": "a", "raw": true}"#),
        ("/v1/messages", #"{"model": "tiny", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}"#),
    ])
    func whatHasNotBegunIsNotLost(_ path: String, _ body: String) async throws {
        try await broken("", first: [], then: ["whole"], path: path, body: body) { (reply, _, _) throws in
            #expect(reply.status == 200 && reply.text.contains("whole"), "\(reply.text)")
            #expect(reply.worker == "two" && !reply.text.contains("error"))
        }
    }

    /// A worker whose machine is cut off says nothing, and refuses nothing.
    @Test func aLeaseThatEndsSendsItsRequestsElsewhere() async throws {
        let held = ScriptedGenerator(.held)
        try await TestRouter.running { router in
            try await serving(held) { silent, _ in
                try await serving(ScriptedGenerator()) { good, _ in
                    try await router.announce("silent", port: silent, lease: 1)
                    try await router.announce("good", port: good, requests: 50)
                    let reply = try await router.complete(Self.greedy)
                    #expect(try reply.worker == "good" && reply.streamedText == "Hello you")
                    // The attempt that was given up has ended at its worker too.
                    try await eventually { held.running == 0 && held.cancelled == 1 }
                    #expect(try await router.ask(.GET, "/ready").status == 200)
                }
            }
        }
    }

    // MARK: Clients

    @Test(arguments: [Script.held, .endless], ["\"stream\": true", "\"stream\": false", Self.greedy])
    func aClientThatGoesFreesItsSequence(_ script: Script, _ fields: String) async throws {
        let generator = ScriptedGenerator(script)
        try await TestRouter.running { router in
            try await serving(generator) { port, _ in
                try await router.announce("a", port: port)
                try await Wire.open(router.port) { wire in
                    try await wire.post("/v1/completions", #"{"model": "tiny", "prompt": "a", \#(fields)}"#)
                    try await eventually { generator.running == 1 }
                    if !script.isHeld, fields.contains("true") { try await wire.read(until: "you") }
                }
                try await eventually { generator.running == 0 }
                #expect(generator.cancelled == 1)
                // Its work is not counted any more.
                while try await router.ask(.GET, "/admin/status").json.workers?[0]?.expected_work != 0 {
                    try await Task.sleep(for: .milliseconds(2))
                }
            }
        }
    }

    /// A client that reads late gets all, and holds up nobody.
    @Test func aSlowReaderGetsAll() async throws {
        let text = String(repeating: "x", count: 64 << 10)
        let large = ScriptedGenerator(Script(texts: Array(repeating: text, count: 64)))
        try await TestRouter.running { router in
            try await serving(large) { port, _ in
                try await router.announce("a", port: port)
                try await Wire.open(router.port) { wire in
                    try await wire.post(
                        "/v1/completions", #"{"model": "tiny", "prompt": "a", \#(Self.greedy)}"#,
                        headers: "Connection: close\r\n")
                    try await eventually { large.requests.count == 1 }
                    let other = try await router.complete(Self.greedy)
                    #expect(try other.streamedText.utf8.count == 64 * text.utf8.count)
                    try await wire.readToEnd()
                    #expect(wire.received.utf8.count > 64 * text.utf8.count)
                    #expect(wire.received.contains("[DONE]"))
                }
            }
        }
    }

    // MARK: Operators

    @Test func aDrainedWorkerGetsNothingNew() async throws {
        try await TestRouter.running { router in
            try await serving(ScriptedGenerator()) { one, _ in
                try await serving(ScriptedGenerator()) { two, _ in
                    try await router.announce("one", port: one)
                    try await router.announce("two", port: two, requests: 50)
                    #expect(try await router.complete().worker == "one")
                    #expect(try await router.ask(.POST, "/admin/drain?worker=one").status == 200)
                    let told = try await router.announce("one", port: one)
                    #expect(try told.json.drain == true)
                    try await router.announce("one", port: one, state: .draining)
                    for _ in 0..<4 { #expect(try await router.complete().worker == "two") }
                    #expect(try await router.ask(.DELETE, "/admin/drain?worker=one").status == 200)
                    try await router.announce("one", port: one)
                    #expect(try await router.complete().worker == "one")
                    let unknown = try await router.ask(.POST, "/admin/drain?worker=three")
                    #expect(try unknown.error?.message?.asText == "There is no worker `three`; there are [one, two].")
                }
            }
        }
    }

    @Test func allIsShownInOnePlace() async throws {
        try await TestRouter.running { router in
            try await serving(ScriptedGenerator(), administration: TestUnits()) { one, _ in
                try await serving(
                    ScriptedGenerator(models: [.chat, .embedder]), administration: TestUnits()
                ) { two, _ in
                    try await router.announce("one", port: one)
                    try await router.announce("two", port: two, models: ["tiny", "vectors"])
                    let list = try await router.ask(.GET, "/v1/models").json
                    #expect(list.data?.elements?.map { $0.id?.asText } == ["tiny", "vectors"])
                    #expect(try await router.ask(.GET, "/v1/models/vectors").json.purpose == "embedding")
                    #expect(try await router.ask(.GET, "/v1/models/nobody").status == 404)
                    #expect(try await router.ask(.GET, "/api/tags").json.models?.elements?.count == 2)
                    let status = try await router.ask(.GET, "/admin/status").json
                    #expect(status.workers?.elements?.map { $0.worker?.asText } == ["one", "two"])
                    #expect(status.workers?[1]?.status?.units?[0]?.name == "u")
                    let metrics = try await router.ask(.GET, "/metrics").text
                    for worker in ["one", "two"] {
                        #expect(metrics.contains("weft_unit_healthy{worker=\"\(worker)\",unit=\"u\"} 1.0"))
                        #expect(metrics.contains("weft_route_worker_up{worker=\"\(worker)\"} 1.0"))
                    }
                    #expect(metrics.components(separatedBy: "# TYPE weft_unit_healthy gauge\n").count == 2)
                }
            }
        }
    }

    @Test func aWorkerCanBeNamed() async throws {
        try await serving(ScriptedGenerator(), configure: { $0.version = "1" }) { port, _ in
            try await serving(ScriptedGenerator(), configure: { $0.version = "2" }) { other, _ in
                let log = LogRecorder()
                try await TestRouter.running(
                    log: log.logger,
                    configure: {
                        $0.workers = [port, other].map { "http://127.0.0.1:\($0)" }
                        $0.limits.settling = 5
                    }
                ) { router in
                    #expect(try await router.complete().worker == "127.0.0.1:\(port)")
                    #expect(try await router.ask(.GET, "/registry").json.workers?.elements?.count == 1)
                    try await eventually { log.all.contains { $0.contains("127.0.0.1:\(other) is weft 2") } }
                }
            }
        }
    }

    // MARK: The secret

    @Test func withoutTheSecretNobodyAnnounces() async throws {
        let (secret, log) = ("a secret of some length", LogRecorder())
        try await TestRouter.running(log: log.logger, configure: { $0.secret = secret }) { router in
            for wrong in [nil, "another of some length"] {
                let reply = try await router.announce("a", port: 1, secret: wrong)
                #expect(try reply.status == 401 && reply.error?.message == "The secret is not this router's.")
            }
            for (method, path) in [
                (HTTPMethod.GET, "/registry"), (.DELETE, "/registry?worker=a&epoch=1"), (.GET, "/metrics"),
                (.GET, "/admin/status"), (.POST, "/admin/drain?worker=a"),
            ] { #expect(try await router.ask(method, path).status == 401) }
            #expect(try await router.announce("a", port: 1, secret: secret).status == 200)
            #expect(try await router.ask(.GET, "/health").status == 200)
        }
        #expect(log.all.count { $0.contains("a wrong secret came from 127.0.0.1") } == 1, "\(log.all)")
        #expect(log.all.allSatisfy { !$0.contains(secret) })
    }

    /// A server that announces itself, as `weft serve` does.
    @Test func aServerAnnouncesItselfAndWithdraws() async throws {
        let secret = "a secret of some length"
        try await TestRouter.running(configure: { $0.secret = secret }) { router in
            try await serving(ScriptedGenerator()) { port, _ in
                let log = LogRecorder(), aliases: AliasTable = ["nick": "tiny"]
                func announcer(_ secret: String) -> Announcer {
                    let announcer = Announcer(
                        .init(
                            routers: ["http://127.0.0.1:\(router.port)"], scheme: "http", host: "127.0.0.1", port: nil,
                            secret: secret, version: "1", models: ["later"], aliases: aliases),
                        of: TestUnits(), logger: log.logger)
                    announcer.listening(on: port)
                    return announcer
                }
                let stranger = ServiceGroup(services: [announcer("a wrong one of length")], logger: .silent)
                async let strange: Void = stranger.run()
                try await eventually { log.all.contains { $0.contains("does not know this server's secret") } }
                await stranger.triggerGracefulShutdown()
                try await strange

                let known = ServiceGroup(services: [announcer(secret)], logger: .silent)
                async let running: Void = known.run()
                try await eventually { log.all.contains { $0.hasPrefix("announced") } }
                func models() async throws -> JSONValue? {
                    let listed = try await router.ask(.GET, "/registry", headers: ["authorization": "Bearer \(secret)"])
                    return try listed.json.workers?[0]?.models
                }
                #expect(try await models() == ["nick", "tiny"])
                // A reload has given it another.
                aliases.names = ["pet": "tiny"]
                for _ in 0..<200 where try await models() != ["pet", "tiny"] {
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(try await models() == ["pet", "tiny"])
                #expect(try await router.complete().worker == "127.0.0.1:\(port)")
                await known.triggerGracefulShutdown()
                try await running
                #expect(try await router.complete().status == 503)
            }
        }
    }

    /// As in a cluster, where a process of the same name is started elsewhere.
    @Test func aServerWhoseNameWasGivenEndsWhenAnotherTakesIt() async throws {
        try await TestRouter.running { router in
            try await serving(ScriptedGenerator(Script(texts: ["one"]))) { port, _ in
                func announcer(_ epoch: Int) -> Announcer {
                    var settings = Announcer.Settings(
                        routers: ["http://127.0.0.1:\(router.port)"], scheme: "http", host: "127.0.0.1", port: nil,
                        secret: nil, version: "1", models: [], aliases: [:])
                    settings.incarnation = Incarnation(name: "u@0.0", epoch: epoch)
                    let announcer = Announcer(settings, of: TestUnits(), logger: .silent)
                    announcer.listening(on: port)
                    return announcer
                }
                let old = ServiceGroup(services: [announcer(5)], logger: .silent)
                let oldRun = Task { try await old.run() }
                while try await router.complete().worker != "u@0.0" { try await Task.sleep(for: .milliseconds(20)) }
                let new = ServiceGroup(services: [announcer(6)], logger: .silent)
                async let newEnds: Void = new.run()
                await #expect(throws: Announcer.Fenced.self) { try await oldRun.value }
                let listed = try await router.ask(.GET, "/registry")
                #expect(listed.text.contains("\"epoch\":6") && !listed.text.contains("\"epoch\":5"))
                await new.triggerGracefulShutdown()
                try await newEnds
            }
        }
    }
}

/// An engine's status with one unit that works.
private struct TestUnits: ModelAdministration {
    func load(_ model: ModelConfiguration, unit: String?) async throws -> ServedModel { .chat }
    func unload(_ name: String, patience: Duration) async throws {}

    var status: FleetStatus? {
        let json = #"""
            {"units": [{"name": "u", "device": "d", "policy": "adbs", "rebuilds": 0, "missing": [], "lanes": [],
            "pool": {"pages": 1, "pageBytes": 1, "held": 0, "cached": 0, "free": 1},
            "models": [{"name": "tiny", "isPinned": false, "weightBytes": 1, "quota": 1, "held": 0, "cached": 0,
            "borrowed": 0, "fragmentation": 0, "waiting": 0, "running": 0, "counters": \#(counters)}]}]}
            """#
        return try? JSONDecoder().decode(FleetStatus.self, from: Data(json.utf8))
    }

    private var counters: String {
        (try? JSONEncoder().encode(ModelCounters())).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }
}
