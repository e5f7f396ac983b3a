import ConfigurationFiles
import Engine
import Foundation
import Logging
import Quantities
import Scheduling
import Testing

/// Whatever a configuration or a request to load says, only what can be reckoned with is taken.
struct ConfigurationTests {
    private func refusal(_ yaml: String, unit: String? = nil) -> String? {
        do {
            _ = try ServeConfiguration(Field(yaml, file: "serve.yaml"), unit: unit)
            return nil
        } catch { return error.description }
    }

    @Test func everyFieldIsRead() throws {
        let yaml = """
            host: 0.0.0.0
            port: 0
            log: {format: json, level: debug, prompts: true}
            tracing: {endpoint: "http://127.0.0.1:4318", sample: 0.25}
            replacement: {costs: costs.json, every: 5, half_life: 12.5, margin: 0.1, replicas: 2, dry_run: true}
            units:
            - name: first
              device: opencl:0
              pool_mb: 64
              weights_mb: 81_920
              policy: round-robin
              max_requests: 7
              models:
              - &a {name: a, path: a.gguf, context: 131072, kv_type: q8_0, rate: 0.001, shares: [10, 1], max_sequences: 8,
                    chunk: 8192, ttft: 0.5, tpot: 0.05, pinned: true}
            - models:
              - {<<: *a, name: b}
              - {name: "7", path: c.gguf}
            """
        let configuration = try ServeConfiguration(Field(yaml, file: "serve.yaml"))
        #expect(configuration.host == "0.0.0.0" && configuration.port == 0)
        #expect(configuration.log.format == .json && configuration.log.level == .debug && configuration.log.prompts)
        var replacement = ReplacementConfiguration(costs: "costs.json")
        (replacement.every, replacement.halfLife, replacement.margin) = (5, 12.5, 0.1)
        (replacement.replicas, replacement.isDryRun) = (2, true)
        #expect(configuration.replacement == replacement)
        #expect(configuration.tracing?.endpoint == "http://127.0.0.1:4318" && configuration.tracing?.sample == 0.25)
        #expect(configuration.units.map(\.name) == ["first", "unit1"])
        var first = UnitConfiguration(name: "first", models: [ModelConfiguration(name: "a", path: "a.gguf")])
        first.devices = ["opencl:0"]
        (first.poolMegabytes, first.weightsMegabytes, first.maxRequests) = (64, 81_920, 7)
        first.policy = .roundRobin
        first.models[0].context = 131_072
        first.models[0].kvType = .q8_0
        (first.models[0].rate, first.models[0].shares, first.models[0].maxSequences) = (0.001, [10, 1], 8)
        (first.models[0].chunk, first.models[0].ttft, first.models[0].tpot) = (8192, 0.5, 0.05)
        first.models[0].pinned = true
        #expect(configuration.units[0] == first)
        first.models[0].name = "b"
        let second = UnitConfiguration(
            name: "unit1", models: [first.models[0], ModelConfiguration(name: "7", path: "c.gguf")])
        #expect(configuration.units[1] == second, "standards where a field is not given")
        let alone = try ServeConfiguration(Field(yaml, file: "serve.yaml"), unit: "unit1")
        #expect(alone.units == [second])
    }

    @Test func jsonIsReadAsWell() throws {
        let json =
            #"{"port":8081,\#n\#t"models":[{"name":"caf\u00e9 \ud83e\uddf5 \\","path":"some\/a.gguf","pinned":false}]}"#
        let configuration = try ServeConfiguration(Field(json, file: "serve.json"))
        #expect(configuration.port == 8081)
        #expect(configuration.units[0].models[0] == ModelConfiguration(name: "café 🧵 \\", path: "some/a.gguf"))
    }

    @Test(arguments: [
        (
            "models:\n- {name: a, path: b, contxt: 5}",
            "2: models[0].contxt: is not known here; known are chunk, context"
        ),
        ("modls: []", "1: modls: is not known here"), ("units: []\npool_mb: 5", "2: pool_mb: is not known here"),
        ("units:\n- {pool: 5}", "2: units[0].pool: is not known here"),
        ("models: {}", "1: models: must be a list"), ("models: [a]", "1: models[0]: must be a mapping"),
        ("models:\n- name: a\n  path: b\n  pinned: 3", "4: models[0].pinned: must be true or false; is '3'"),
        ("models:\n- name: a\n  path: b\n  rate: hot", "4: models[0].rate: must be a number; is 'hot'"),
        ("port: '80'\nmodels: [{name: a, path: b}]", "1: port: must be an integer; is '80'"),
        ("models: [{name: a, path: b}]\nhost: [x]", "2: host: must be a text"),
        ("models: [{name: a}]", "1: models[0].path: is missing"), ("port: 80", "1: models: is missing"),
        ("units:\n- name: x", "2: units[0].models: is missing"),
        ("models: []", "1: models: must have at least 1 entry"),
        (
            "units:\n- models:\n  - {name: a, path: b}\n  - {name: c, path: d, rate: -1}",
            "4: units[0].models[1].rate: must be positive"
        ),
        ("models: [{name: a, path: b}, {name: a, path: c}]", "1: models[1].name: 'a' is given twice"),
        (
            "units:\n- {name: x, models: [{name: a, path: b}]}\n- {name: x, models: [{name: a, path: b}]}",
            "3: units[1].name: 'x' is"
        ),
        (
            "units:\n- {name: unit1, models: [{name: a, path: b}]}\n- {models: [{name: a, path: b}]}",
            "3: units[1]: is called 'unit1'"
        ),
        ("policy: chaos\nmodels: [{name: a, path: b}]", "1: policy: must be one of adbs, round-robin"),
        ("models:\n- {name: a, path: b, kv_type: f8}", "2: models[0].kv_type: must be one of f32, f16, q8_0; is 'f8'"),
        ("models:\n- {name: a, path: b", "2: document: did not find expected"), ("", "1: document: is empty"),
        ("log: {format: xml}\nmodels: [{name: a, path: b}]", "1: log.format: must be one of text, json; is 'xml'"),
        ("log: {level: loud}\nmodels: [{name: a, path: b}]", "1: log.level: must be one of trace, debug"),
        ("log: {to: file}\nmodels: [{name: a, path: b}]", "1: log.to: is not known here"),
        ("tracing: {}\nmodels: [{name: a, path: b}]", "1: tracing.endpoint: is missing"),
        ("replacement: {}\nmodels: [{name: a, path: b}]", "1: replacement.costs: is missing"),
        (
            "replacement: {costs: c, margin: 2}\nmodels: [{name: a, path: b}]",
            "1: replacement.margin: must be between 0.0 and 1.0; is 2.0"
        ),
        ("tracing: {endpoint: a:1}\nmodels: [{name: a, path: b}]", "1: tracing.endpoint: must begin with http://"),
        (
            "tracing: {endpoint: 'http://a', sample: 2}\nmodels: [{name: a, path: b}]",
            "1: tracing.sample: must be between 0.0 and 1.0; is 2.0"
        ),
        (
            "device: a\ndevices: [b]\nmodels: [{name: a, path: b}]",
            "2: devices: must be absent where there is 'device'"
        ),
        (
            "devices: [a, a, a, a, a, a, a, a, a]\nmodels: [{name: a, path: b}]",
            "1: devices: must be 1 to 8; are 9"
        ),
        (
            "devices: [a, b]\nshards: 3\nmodels: [{name: a, path: b}]",
            "2: shards: must be a multiple of the 2 devices; is 3"
        ),
        ("a: b: c", "1: document: mapping values are not allowed"), ("port: 1\nport: 2", "1: port: is given twice"),
    ])
    func faultsAreNamed(yaml: String, expected: String) {
        let refusal = refusal(yaml)
        #expect(refusal?.hasPrefix("serve.yaml:\(expected)") == true, "\(refusal ?? "taken")")
    }

    @Test func unitsThatAreNotThereAreNamed() {
        let yaml = "units:\n- {name: x, models: [{name: a, path: b}]}"
        #expect(refusal(yaml, unit: "y") == "serve.yaml:2: units: there is no unit 'y'; there are x")
        #expect(refusal(yaml, unit: "x") == nil)
    }

    @Test(arguments: [
        ("rate", ["1e308", "0", "-1", "1e-300", "1e7", "4.9e-324", "nan", ".inf"]),
        ("ttft", ["0", "1e308", "-0.0", "1e-9"]), ("tpot", ["0", "1e300", "1e-12"]),
        ("context", ["0", "-1", "9223372036854775807", "16777217", "9223372036854775808", "1e3"]),
        ("chunk", ["0", "8193", "9223372036854775807"]), ("max_sequences", ["0", "1025", "-9223372036854775808"]),
        ("shares", ["[]", "[6]", "[0, 4]", "[6, 11]", "[6, 4, 1]", "[9223372036854775807, 1]"]),
    ])
    func modelsWithNumbersBeyondMeasureAreRefused(field: String, values: [String]) {
        for value in values {
            let refusal = refusal("models: [{name: a, path: b, \(field): \(value)}]")
            #expect(refusal?.hasPrefix("serve.yaml:1: models[0].\(field)") == true, "\(value): \(refusal ?? "taken")")
        }
    }

    @Test(arguments: [
        ("pool_mb", ["0", "-5", "1048577", "9223372036854775807"]), ("weights_mb", ["0", "9223372036854775807"]),
        ("max_requests", ["0", "9223372036854775807"]), ("port", ["-1", "65536"]),
    ])
    func serversWithNumbersBeyondMeasureAreRefused(field: String, values: [String]) {
        for value in values {
            let refusal = refusal("models: [{name: a, path: b}]\n\(field): \(value)")
            #expect(refusal?.hasPrefix("serve.yaml:2: \(field): must be") == true, "\(value): \(refusal ?? "taken")")
        }
    }

    @Test(arguments: [
        "", " ", "\\n", "a\\nb", "a\\r", "\\u0000", "\\u001b[2J", "\\u2028", "\\u202e", "\\u00ad", "\\u0085",
    ])
    func namesThatCannotBePrintedAreRefused(name: String) {
        #expect(
            refusal(#"{"models": [{"name": "\#(name)", "path": "b"}]}"#)?.contains("models[0].name: must be 1") == true)
    }

    @Test func namesHaveALength() {
        func taken(_ name: String) -> Bool { refusal(#"{"models": [{"name": "\#(name)", "path": "b"}]}"#) == nil }
        #expect(!taken(String(repeating: "n", count: 201)))
        #expect(taken(String(repeating: "n", count: 200)))
        #expect(taken("someone/Model 1.5-B \\\"é\\\" 模型"))
    }
}
