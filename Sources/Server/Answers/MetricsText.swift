import Engine

/// An engine's status in Prometheus' text format, version 0.0.4.
struct MetricsText {
    private(set) var text = ""

    private enum Kind: String { case gauge, counter }

    /// - Parameter droppedLogLines: `nil` where nobody counts them.
    init(_ status: EngineStatus, droppedLogLines: Int? = nil) {
        if let droppedLogLines {
            add(
                "weft_log_lines_dropped_total", .counter, "Log lines that did not fit into the buffer of the log.",
                [([:], Double(droppedLogLines))])
        }
        add(
            "weft_kv_pages", .gauge, "Pages of the pool, by what they are used for.",
            [
                (["use": "held"], Double(status.pool.held)), (["use": "cached"], Double(status.pool.cached)),
                (["use": "free"], Double(status.pool.free)),
            ])
        let pages = Double(max(1, status.pool.pages))
        add(
            "weft_kv_cache_usage_perc", .gauge, "Part of the pool that sequences hold, 0 to 1.",
            [
                ([:], Double(status.pool.held) / pages)
            ])
        add("weft_unit_healthy", .gauge, "1 while requests are taken.", [([:], status.failure == nil ? 1 : 0)])
        add(
            "weft_unit_rebuilds_total", .counter, "Times the unit was built anew after its device failed.",
            [([:], Double(status.rebuilds))])
        add(
            "weft_unit_failed_rebuilds", .gauge, "Tries to build the unit anew that failed since it failed itself.",
            [([:], Double(status.recovery?.tries ?? 0))])
        add(
            "weft_models_missing", .gauge, "Models that the unit came back without.",
            [([:], Double(status.missing.count))])
        addModels(status.models)
        add(
            "weft_lane_busy_seconds_total", .counter, "Time that a lane was at work.",
            status.lanes.map {
                (["lane": $0.name], $0.busySeconds)
            })
        add(
            "weft_lane_isolation", .gauge,
            "Part of its speed alone that a lane kept beside saturated others, measured at the start.",
            status.lanes.compactMap { lane in lane.isolation.map { (["lane": lane.name], $0) } })
        add(
            "weft_lane_passes_total", .counter, "Forward passes of a lane.",
            status.lanes.map {
                (["lane": $0.name], Double($0.passes))
            })
    }

    private mutating func addModels(_ models: [EngineStatus.Model]) {
        func each(_ value: (EngineStatus.Model) -> Double) -> [(labels: [String: String], value: Double)] {
            models.map { (["model_name": $0.name], value($0)) }
        }
        add("weft_model_kv_pages_held", .gauge, "Pages that a model's sequences hold.", each { Double($0.held) })
        add("weft_model_kv_pages_quota", .gauge, "Pages that a model may hold now.", each { Double($0.quota) })
        add("weft_model_kv_pages_borrowed", .gauge, "Pages held beyond the quota.", each { Double($0.borrowed) })
        add("weft_model_kv_pages_cached", .gauge, "Pages kept for their prefixes only.", each { Double($0.cached) })
        add("weft_model_kv_fragmentation", .gauge, "Part of held pages that no token fills.", each(\.fragmentation))
        add("weft_model_weight_bytes", .gauge, "Bytes of a model's weights.", each { Double($0.weightBytes) })
        add("weft_num_requests_running", .gauge, "Sequences that hold pages.", each { Double($0.running) })
        add("weft_num_requests_waiting", .gauge, "Sequences that wait for pages.", each { Double($0.waiting) })
        add("weft_requests_total", .counter, "Requests admitted.", each { Double($0.counters.requests) })
        add("weft_prompt_tokens_total", .counter, "Tokens of prompts.", each { Double($0.counters.promptTokens) })
        add(
            "weft_prefix_cache_hits_total", .counter, "Tokens of prompts found in the prefix index.",
            each {
                Double($0.counters.cachedTokens)
            })
        add("weft_generation_tokens_total", .counter, "Tokens generated.", each { Double($0.counters.generatedTokens) })
        add(
            "weft_num_preemptions_total", .counter, "Sequences that lost their pages for a while.",
            each {
                Double($0.counters.preemptions)
            })
        add("weft_kv_page_seconds_total", .counter, "Pages held, integrated over time.", each(\.counters.pageSeconds))
        let ends = models.flatMap { model in
            model.counters.finished.sorted { $0.key < $1.key }.map { reason, count in
                (["model_name": model.name, "finished_reason": reason], Double(count))
            }
        }
        add("weft_request_success_total", .counter, "Requests that ended, by how.", ends)
    }

    private mutating func add(
        _ name: String, _ kind: Kind, _ help: String, _ samples: [(labels: [String: String], value: Double)]
    ) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for (labels, value) in samples {
            let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }
            text += "\(name)\(pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}") \(value)\n"
        }
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
