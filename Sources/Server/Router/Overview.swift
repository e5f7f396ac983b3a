import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Routing

/// What workers say of themselves, of all in one place.
struct Overview: Sendable {
    let dispatcher: Dispatcher
    let client: WorkerClient
    /// Borne towards the workers, which know it where they announce themselves with it.
    let secret: String?

    // MARK: Models

    /// `/v1/models`: what each worker shows this caller, once.
    func models(_ request: Request, _ context: ServerContext) async throws -> Response {
        let cards = try await union(of: "data", named: "id", request, path: ModelRoutes.path)
        return try Response(jsonObject: ["object": "list", "data": cards])
    }

    /// `/v1/models/NAME`, where the name may hold slashes.
    func model(_ request: Request, _ context: ServerContext) async throws -> Response {
        let escaped = String(request.uri.path.dropFirst(ModelRoutes.path.count + 1))
        let name = escaped.removingPercentEncoding ?? escaped
        let cards = try await union(of: "data", named: "id", request, path: ModelRoutes.path)
        guard let card = cards.first(where: { $0["id"] as? String == name }) else { throw APIError.modelNotFound(name) }
        return try Response(jsonObject: card)
    }

    /// `/api/tags` and `/api/ps`.
    func ollamaModels(_ request: Request, _ context: ServerContext) async throws -> Response {
        let cards = try await union(of: "models", named: "name", request, path: request.uri.path)
        return try Response(jsonObject: ["models": cards])
    }

    /// What any worker answers, as all answer the same.
    func ofAny(_ request: Request, _ context: ServerContext) async throws -> Response {
        let answers = try await answers(to: request, path: request.uri.path)
        return Response(json: ByteBuffer(bytes: answers[0].body), status: .init(code: answers[0].status))
    }

    private func union(
        of list: String, named key: String, _ request: Request, path: String
    ) async throws -> [[String: Any]] {
        var known: Set<String> = []
        var union: [[String: Any]] = []
        for answer in try await answers(to: request, path: path) where answer.status == 200 {
            let object = try? JSONSerialization.jsonObject(with: answer.body) as? [String: Any]
            for card in object?[list] as? [[String: Any]] ?? [] {
                guard let name = card[key] as? String, known.insert(name).inserted else { continue }
                union.append(card)
            }
        }
        return union
    }

    /// The answers of all workers that take requests, under the caller's own key.
    ///
    /// - Throws: where none answers; what the first says, where all refuse.
    private func answers(to request: Request, path: String) async throws -> [WorkerClient.Answer] {
        var headers = HTTPHeaders()
        for name in [HTTPField.Name.authorization, .xAPIKey] {
            if let value = request.headers[name] { headers.add(name: name.rawName, value: value) }
        }
        let workers = dispatcher.able
        guard !workers.isEmpty else {
            throw dispatcher.workers.isEmpty ? APIError.noWorkers : .unavailable("No worker takes requests now.")
        }
        let answers = await ask(workers, path, headers).compactMap(\.answer)
        guard let first = answers.first else { throw APIError.unavailable("No worker answers.") }
        guard answers.contains(where: { $0.status == 200 }) else {
            var error = APIError.unavailable(first.message)
            error.status = .init(code: first.status)
            throw error
        }
        return answers
    }

    private func ask(
        _ workers: [RoutingTable.Worker], _ path: String, _ headers: HTTPHeaders
    ) async -> [(worker: RoutingTable.Worker, answer: WorkerClient.Answer?)] {
        await withTaskGroup(of: (Int, WorkerClient.Answer?).self) { group in
            for (index, worker) in workers.enumerated() {
                group.addTask {
                    (index, try? await client.ask(.GET, worker.announcement.url + path, headers: headers))
                }
            }
            var answers = [WorkerClient.Answer?](repeating: nil, count: workers.count)
            for await (index, answer) in group { answers[index] = answer }
            return Array(zip(workers, answers)).map { (worker: $0, answer: $1) }
        }
    }

    // MARK: Status

    /// The table, and beside each worker what its own `/admin/status` says; `null` where that cannot be had.
    func status() async throws -> Response {
        let answers = await ask(dispatcher.workers, "/admin/status", WorkerClient.headers(bearing: secret))
        let able = Set(dispatcher.able.map(\.announcement.worker))
        let workers = answers.map { worker, answer -> [String: Any] in
            let announced = worker.announcement
            let own = answer.flatMap { $0.status == 200 ? try? JSONSerialization.jsonObject(with: $0.body) : nil }
            return [
                "worker": announced.worker.name, "epoch": announced.worker.epoch, "url": announced.url,
                "version": announced.version, "state": announced.state.rawValue, "lost": worker.isLost,
                "draining": worker.isDraining, "takes_requests": able.contains(announced.worker),
                "failures": worker.failures, "requests": worker.requests, "other_requests": worker.foreignRequests,
                "expected_work": worker.work, "models": announced.models, "units": announced.units,
                "status": own ?? NSNull(),
            ]
        }
        return try Response(jsonObject: ["workers": workers, "waiting": dispatcher.waiting])
    }

    /// The router's own figures, and those of all workers with a label for the worker.
    func metrics() async -> Response {
        let workers = dispatcher.workers, counters = dispatcher.counters
        var text = MergedMetrics()
        func own(_ name: String, _ kind: String, _ help: String, _ samples: [(String?, Double)]) {
            text.add("# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n", worker: nil)
            for (worker, value) in samples { text.add("\(name) \(value)\n", worker: worker) }
        }
        func each(_ value: (RoutingTable.Worker) -> Double) -> [(String?, Double)] {
            workers.map { ($0.announcement.worker.name, value($0)) }
        }
        let able = Set(dispatcher.able.map(\.announcement.worker))
        own(
            "weft_route_worker_up", "gauge", "1 while a worker takes requests.",
            each { able.contains($0.announcement.worker) ? 1 : 0 })
        own(
            "weft_route_worker_requests", "gauge", "Requests that this router has at a worker.",
            each { Double($0.requests) })
        own(
            "weft_route_worker_expected_work", "gauge", "What they are expected to cost, in tokens of a prompt.",
            each(\.work))
        own(
            "weft_route_worker_failures", "gauge", "Attempts that failed since a worker's last answer.",
            each { Double($0.failures) })
        own(
            "weft_route_requests_waiting", "gauge", "Requests that wait for a worker.",
            [(nil, Double(dispatcher.waiting))])
        own("weft_route_requests_total", "counter", "Requests taken in.", [(nil, Double(counters.requests))])
        own(
            "weft_route_retries_total", "counter", "Attempts beyond the first of a request.",
            [(nil, Double(counters.retries))])
        own(
            "weft_route_resumed_total", "counter", "Streams that went on at another worker.",
            [(nil, Double(counters.resumed))])
        own(
            "weft_route_refused_total", "counter", "Requests that ended without a worker's answer.",
            [(nil, Double(counters.refused))])
        for (worker, answer) in await ask(workers, "/metrics", WorkerClient.headers(bearing: secret)) {
            guard let answer, answer.status == 200 else { continue }
            text.add(String(decoding: answer.body, as: UTF8.self), worker: worker.announcement.worker.name)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text.text)))
    }
}

/// Metrics of several workers in Prometheus' text format: each family once, as the format wants it.
struct MergedMetrics {
    private var order: [String] = []
    private var heads: [String: String] = [:]
    private var samples: [String: String] = [:]

    /// Adds a page of one worker, whose samples get its name as a label; or of nobody's.
    mutating func add(_ page: String, worker: String?) {
        // What follows `# TYPE` belongs to that family, whatever is behind its name.
        var family: String?
        for line in page.split(separator: "\n") {
            if line.hasPrefix("# HELP ") || line.hasPrefix("# TYPE ") {
                let words = line.split(separator: " ", maxSplits: 3)
                guard words.count == 4 else { continue }
                let name = String(words[2])
                family = name
                if heads[name] == nil { order.append(name) }
                if heads[name]?.contains(words[1] + " " + name) != true { heads[name, default: ""] += line + "\n" }
            } else if !line.hasPrefix("#") {
                let name = String(line.prefix { $0 != "{" && $0 != " " })
                let key = family.flatMap { name.hasPrefix($0) ? $0 : nil } ?? name
                if heads[key] == nil {
                    order.append(key)
                    heads[key] = ""
                }
                samples[key, default: ""] += Self.labelled(line, name, worker) + "\n"
            }
        }
    }

    var text: String { order.map { (heads[$0] ?? "") + (samples[$0] ?? "") }.joined() }

    private static func labelled(_ line: Substring, _ name: String, _ worker: String?) -> String {
        guard let worker else { return String(line) }
        let rest = line.dropFirst(name.count)
        let label = "worker=\"\(worker.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
        return rest.hasPrefix("{") ? "\(name){\(label),\(rest.dropFirst())" : "\(name){\(label)}\(rest)"
    }
}

extension Response {
    /// JSON of what others wrote.
    fileprivate init(jsonObject object: Any) throws {
        let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
        self.init(json: ByteBuffer(bytes: data))
    }
}
