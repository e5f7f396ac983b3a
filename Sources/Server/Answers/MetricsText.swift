import Engine
import Quantities

/// A fleet's status in Prometheus' text format, version 0.0.4.
struct MetricsText {
    let text: String

    /// - Parameters:
    ///   - droppedLogLines: `nil` where they are not counted.
    ///   - droppedSpans: `nil` where none are made.
    init(_ status: FleetStatus, droppedLogLines: Int? = nil, droppedSpans: Int? = nil) {
        var page = Page(units: status.units)
        if let droppedLogLines {
            page.add(
                "weft_log_lines_dropped_total", "counter", "Log lines that did not fit into the buffer of the log.",
                [([:], Double(droppedLogLines))])
        }
        if let droppedSpans {
            page.add(
                "weft_spans_dropped_total", "counter", "Spans that no collector took.", [([:], Double(droppedSpans))])
        }
        page.gauge("weft_kv_pages", "Pages of the pool, by what they are used for.") {
            [
                (["use": "held"], Double($0.pool.held)), (["use": "cached"], Double($0.pool.cached)),
                (["use": "free"], Double($0.pool.free)),
            ]
        }
        page.gauge("weft_kv_cache_usage_perc", "Part of the pool that sequences hold, 0 to 1.") {
            [([:], Double($0.pool.held) / Double(max(1, $0.pool.pages)))]
        }
        page.gauge("weft_unit_healthy", "1 while requests are taken.") { [([:], $0.failure == nil ? 1 : 0)] }
        page.counter("weft_unit_rebuilds_total", "Times the unit was built anew after its device failed.") {
            [([:], Double($0.rebuilds))]
        }
        page.gauge("weft_unit_failed_rebuilds", "Tries to build the unit anew that failed since it failed itself.") {
            [([:], Double($0.recovery?.tries ?? 0))]
        }
        page.gauge("weft_requests_interrupted", "Requests that wait for the unit to go on where they were.") {
            [([:], Double($0.recovery?.interrupted ?? 0))]
        }
        page.gauge("weft_models_missing", "Models that the unit came back without.") {
            [([:], Double($0.missing.count))]
        }
        page.counter("weft_lane_busy_seconds_total", "Time that a lane was at work.") {
            $0.lanes.map { (["lane": $0.name], $0.busySeconds) }
        }
        page.gauge(
            "weft_lane_isolation",
            "Part of its speed alone that a lane kept beside saturated others, measured at the start."
        ) { $0.lanes.compactMap { lane in lane.isolation.map { (["lane": lane.name], $0) } } }
        page.counter("weft_lane_passes_total", "Forward passes of a lane.") {
            $0.lanes.map { (["lane": $0.name], Double($0.passes)) }
        }
        Self.addModels(to: &page)
        text = page.text
    }

    private static func addModels(to page: inout Page) {
        func each(_ value: @escaping (UnitStatus.Model) -> Double) -> (UnitStatus) -> [Page.Sample] {
            { unit in unit.models.map { (["model_name": $0.name], value($0)) } }
        }
        page.gauge("weft_model_kv_pages_held", "Pages that a model's sequences hold.", each { Double($0.held) })
        page.gauge("weft_model_kv_pages_quota", "Pages that a model may hold now.", each { Double($0.quota) })
        page.gauge("weft_model_kv_pages_borrowed", "Pages held beyond the quota.", each { Double($0.borrowed) })
        page.gauge("weft_model_kv_pages_cached", "Pages kept for their prefixes only.", each { Double($0.cached) })
        page.gauge("weft_model_kv_fragmentation", "Part of held pages that no token fills.", each(\.fragmentation))
        page.gauge("weft_model_weight_bytes", "Bytes of a model's weights.", each { Double($0.weightBytes) })
        page.gauge("weft_num_requests_running", "Sequences that hold pages.", each { Double($0.running) })
        page.gauge("weft_num_requests_waiting", "Sequences that wait for pages.", each { Double($0.waiting) })
        page.counter(
            "weft_requests_resumed_total", "Requests that went on after the device had failed.",
            each { Double($0.counters.resumed) })
        page.counter("weft_requests_total", "Requests admitted.", each { Double($0.counters.requests) })
        page.counter("weft_prompt_tokens_total", "Tokens of prompts.", each { Double($0.counters.promptTokens) })
        page.counter(
            "weft_prefix_cache_hits_total", "Tokens of prompts found in the prefix index.",
            each { Double($0.counters.cachedTokens) })
        page.counter("weft_generation_tokens_total", "Tokens generated.", each { Double($0.counters.generatedTokens) })
        page.counter(
            "weft_num_preemptions_total", "Sequences that lost their pages for a while.",
            each { Double($0.counters.preemptions) })
        page.counter("weft_kv_page_seconds_total", "Pages held, integrated over time.", each(\.counters.pageSeconds))
        page.histogram("weft_time_to_first_token_seconds", "From arrival to the first token.", \.firstToken)
        page.histogram("weft_inter_token_latency_seconds", "From one token to the next.", \.interToken)
        page.histogram("weft_e2e_request_latency_seconds", "From arrival to the end.", \.whole)
        page.histogram("weft_request_queue_time_seconds", "From arrival to the first pass.", \.queue)
        page.histogram("weft_request_prefill_time_seconds", "From the first pass to the first token.", \.prefill)
        page.histogram("weft_request_decode_time_seconds", "From the first token to the last.", \.decode)
        page.histogram("weft_iteration_tokens_total", "Tokens of a pass.", \.passTokens)
        page.counter("weft_request_success_total", "Requests that ended, by how.") { unit in
            unit.models.flatMap { model in
                model.counters.finished.sorted { $0.key < $1.key }.map { reason, count in
                    (["model_name": model.name, "finished_reason": reason], Double(count))
                }
            }
        }
    }
}

/// Lines of samples, each with the label of its unit.
private struct Page {
    /// A sample and its labels besides the unit.
    typealias Sample = (labels: [String: String], value: Double)

    let units: [UnitStatus]
    private(set) var text = ""

    init(units: [UnitStatus]) { self.units = units }

    mutating func gauge(_ name: String, _ help: String, _ samples: (UnitStatus) -> [Sample]) {
        add(name, "gauge", help, samples)
    }

    mutating func counter(_ name: String, _ help: String, _ samples: (UnitStatus) -> [Sample]) {
        add(name, "counter", help, samples)
    }

    /// Of each model: how many values there were up to each bound, in all, and their sum.
    mutating func histogram(_ name: String, _ help: String, _ times: (RequestTimes) -> Histogram) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) histogram\n"
        for unit in units {
            for model in unit.models {
                let (labels, histogram) = (["model_name": model.name, "unit": unit.name], times(model.counters.times))
                let bounds = histogram.bounds.map { "\($0)" } + ["+Inf"]
                for (bound, count) in zip(bounds, histogram.cumulated) {
                    add(name + "_bucket", labels.merging(["le": bound]) { $1 }, Double(count))
                }
                add(name + "_sum", labels, histogram.sum)
                add(name + "_count", labels, Double(histogram.count))
            }
        }
    }

    private mutating func add(_ name: String, _ kind: String, _ help: String, _ samples: (UnitStatus) -> [Sample]) {
        add(
            name, kind, help,
            units.flatMap { unit in
                samples(unit).map { ($0.labels.merging(["unit": unit.name]) { $1 }, $0.value) }
            })
    }

    /// Samples of the process, or with their units' labels.
    mutating func add(_ name: String, _ kind: String, _ help: String, _ samples: [Sample]) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
        for (labels, value) in samples { add(name, labels, value) }
    }

    private mutating func add(_ name: String, _ labels: [String: String], _ value: Double) {
        let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }
        text += "\(name)\(pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}") \(value)\n"
    }

    /// Scalar by scalar: a line end after a carriage return, or a quote below an accent, is no character of its own.
    private static func escaped(_ value: String) -> String {
        value.unicodeScalars.map { scalar in
            switch scalar {
            case "\\": "\\\\"
            case "\"": "\\\""
            case "\n": "\\n"
            default: String(scalar)
            }
        }.joined()
    }
}
