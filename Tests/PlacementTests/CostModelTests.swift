import ConfigurationFiles
import Foundation
import Placement
import Testing

struct CostModelTests {
    /// decode = 10 + 0.1 batch + 0.0005 batch x length, prefill = 8 + 0.07 tokens, in ms at the whole share.
    static func measurements(_ change: (Int, Int, Int) -> Double = { _, _, _ in 1 }) -> [CostMeasurement] {
        [50, 75, 100].flatMap { share in
            [1, 2, 4, 8, 16, 32, 64].flatMap { batch in
                [32, 64, 128, 256].map { length in
                    let slow = 100 / Double(share)
                    let decode = slow * (10 + 0.1 * Double(batch) + 0.0005 * Double(batch * length))
                    return CostMeasurement(
                        model: "m", devices: 1, sharePercent: share, batch: batch, length: length,
                        prefill: slow * (8 + 0.07 * Double(batch * length)) / 1000,
                        decode: decode * change(share, batch, length) / 1000)
                }
            }
        }
    }

    static func decode(_ measurements: [CostMeasurement], _ batch: Double, _ length: Double, _ share: Double) throws
        -> Double
    {
        let cost = try #require(try CostModel(CostTable(measurements)).costs(of: "m", devices: 1))
        return cost.decode.time(batch: batch, length: length, share: share) * 1000
    }

    @Test func measuredPointsAreMet() throws {
        #expect(try abs(Self.decode(Self.measurements(), 8, 128, 1) - 11.312) < 1e-6)
        #expect(try abs(Self.decode(Self.measurements(), 64, 32, 0.5) - 34.848) < 1e-6)
    }

    @Test func pointsBetweenAndBeyondFollowTheRoofline() throws {
        #expect(try abs(Self.decode(Self.measurements(), 11, 100, 1) / 11.65 - 1) < 0.01)
        #expect(try abs(Self.decode(Self.measurements(), 256, 1024, 1) / (10 + 25.6 + 131.072) - 1) < 0.01)
        let between = try Self.decode(Self.measurements(), 8, 128, 0.9)
        #expect(between > 11.312 && between < 15.1)
        #expect(try Self.decode(Self.measurements(), 8, 128, 0.25) > 45)
    }

    /// 100 experts of a hundredth of the weights each, of which a token goes to two.
    @Test func aMixtureReadsTheExpertsThatABatchGoesTo() throws {
        var model = ModelProfile(
            costName: "m", parameters: 1000, layers: 1, hiddenSize: 8, heads: 1, kvHeads: 1, headSize: 8)
        let dense = model.work(newTokens: 1, cachedTokens: 0, readsCacheOf: 0)
        #expect(dense.bytes == 2000 && dense.flops == 2000)
        model.experts = .init(count: 100, used: 2, parameters: 900)
        func bytes(_ tokens: Double) -> Double {
            model.work(newTokens: tokens, cachedTokens: 0, readsCacheOf: 0).bytes
        }
        // The tenth that all tokens need, and of the rest two of a hundred experts.
        #expect(abs(bytes(1) - (200 + 1800 * 0.02)) < 1e-9)
        // The second token goes to other experts, but for chance.
        #expect(abs(bytes(2) - (200 + 1800 * (1 - 0.98 * 0.98))) < 1e-9)
        #expect(abs(bytes(1000) - 2000) < 1e-3)
        #expect(model.activeParameters == 118)
        #expect(abs(model.work(newTokens: 10, cachedTokens: 0, readsCacheOf: 0).flops - 2360) < 1e-9)
        // So a step of a batch grows where a dense model's stands still.
        let roofline = Roofline(peak: DevicePeak(flopsPerSecond: 1e15, bytesPerSecond: 1e3, launchCost: 0))
        let steps = roofline.table(for: [model], memoryBytes: 1e9).measurements
            .filter { $0.devices == 1 && $0.sharePercent == 100 && $0.length == 32 }
        #expect(steps.count == 10)
        for (one, next) in zip(steps, steps.dropFirst()) {
            #expect(try #require(next.decode) > (try #require(one.decode)))
        }
    }

    @Test func anOutlierDoesNotCount() throws {
        let outlier = Self.measurements { $0 == 100 && $1 == 16 && $2 == 128 ? 3.6 : 1 }
        #expect(try abs(Self.decode(outlier, 16, 128, 1) / 12.624 - 1) < 0.1)
    }

    /// A kernel that computes tiles of 8 rows takes as long for 16 as for 9: no outlier, where a profile shows it.
    @Test func stepsOfAProfileAreKept() throws {
        func cost(_ change: @escaping (Int, Int, Int) -> Double) throws -> Double {
            var table = CostTable(Self.measurements(change))
            table.device = ProfiledDevice(name: "a device", units: 2)
            let cost = try #require(try CostModel(table).costs(of: "m", devices: 1))
            return cost.decode.time(batch: 16, length: 128, share: 1) * 1000 / 12.624
        }
        #expect(try abs(cost { _, batch, _ in batch == 16 ? 1.6 : 1 } - 1.6) < 0.02)
        #expect(try abs(cost { $0 == 100 && $1 == 16 && $2 == 128 ? 3.6 : 1 } - 1) < 0.1, "a single cell is none")
    }

    @Test func laterChunksTakeLonger() throws {
        let points = Self.measurements().map { point in
            var copy = point
            let tokens = Double(point.batch * point.length)
            copy.prefill = (8 + 0.07 * tokens + 0.0002 * tokens * Double(point.length)) / 1000
            return copy
        }
        let cost = try #require(try CostModel(CostTable(points)).costs(of: "m", devices: 1)).prefill
        let first = cost.chunkTime(batch: 1, length: 64, after: 0, share: 1)
        #expect(first == cost.time(batch: 1, length: 64, share: 1))
        let second = cost.chunkTime(batch: 1, length: 64, after: 192, share: 1)
        #expect(abs(second - first - 2 * 0.0002 * 64 * 192 / 1000) < 0.001, "the attention to 192 tokens more")
        #expect(cost.chunkTime(batch: 1, length: 4, after: 64, share: 1) >= cost.time(batch: 1, length: 4, share: 1))
    }

    @Test func cellsNotMeasuredAreEstimated() throws {
        let gaps = Self.measurements().filter { $0.batch < 64 || $0.length < 128 }
        #expect(try abs(Self.decode(gaps, 64, 256, 1) / 24.592 - 1) < 0.05)
    }

    @Test func moreDevicesThanMeasuredAreNotSlower() throws {
        let model = CostModel(CostTable(Self.measurements()))
        #expect(try model.costs(of: "m", devices: 8) == model.costs(of: "m", devices: 1))
        #expect(throws: CostError(unknownModel: "other", known: ["m"])) { try model.costs(of: "other", devices: 1) }
    }

    @Test func filesRoundTrip() throws {
        let table = CostTable(
            Self.measurements().map { point in
                var copy = point
                if copy.batch == 64 { copy.prefill = nil }
                return copy
            })
        let read = try CostTable(json: Self.text(table), file: "costs.json")
        #expect(read.measurements.count == table.measurements.count)
        for (a, b) in zip(read.measurements, table.measurements) {
            #expect((a.prefill == nil) == (b.prefill == nil))
            #expect(abs((a.decode ?? 0) - (b.decode ?? 1)) < 1e-12)
        }
    }

    @Test func theDeviceStandsBesideTheModels() throws {
        var table = CostTable(Self.measurements())
        var contention = PhaseContention.none
        contention.decodeBesidePrefill = 1.25
        table.device = ProfiledDevice(
            name: "a device", units: 2, contention: ["m": contention],
            overlap: ["m": LaneOverlap(whole: 1.5, part: 1.25, busyPart: 1.5)],
            serving: ["m": ServingCost(perRequest: 0.002, perPass: 0.001, perSequence: 0.0001)],
            exchange: ["m": ExchangeCost(meetings: 60, meeting: 2e-5, row: 1e-7)])
        let read = try CostTable(json: Self.text(table), file: "costs.json")
        #expect(read.device == table.device)
        #expect(read.models == ["m"])
        #expect(read.adding([]).device == table.device)
    }

    @Test func filesFromBeforeServingAndOverlapWereMeasuredAreRead() throws {
        var table = CostTable(Self.measurements())
        table.device = ProfiledDevice(name: "a device", units: 2)
        let text = try Self.text(table)
        let older = text.replacing(/"(serving|overlap|exchange)" *: *{\s*},/, with: "")
        #expect(["serving", "overlap", "exchange"].allSatisfy { !older.contains($0) })
        #expect(try CostTable(json: older, file: "costs.json").device == table.device)
    }

    /// More devices than were measured divide the work, and meet.
    @Test func devicesThatWereNotMeasuredDivideTheWorkAndMeet() throws {
        var table = CostTable(Self.measurements())
        let one = try #require(try CostModel(table).costs(of: "m", devices: 1))
        #expect(try CostModel(table).costs(of: "m", devices: 4) == one, "nothing is known of meetings")
        let exchange = ExchangeCost(meetings: 60, meeting: 2e-5, row: 1e-7)
        table.device = ProfiledDevice(name: "a device", units: 2, exchange: ["m": exchange])
        let four = try #require(try CostModel(table).costs(of: "m", devices: 4))
        for (batch, length) in [(1.0, 64.0), (8, 200)] {
            let decode = one.decode.time(batch: batch, length: length, share: 1)
            let prefill = one.prefill.time(batch: batch, length: length, share: 0.5)
            let (step, prompt) = (60 * (2e-5 + 1e-7 * batch), 60 * (2e-5 + 1e-7 * batch * length))
            #expect(abs(four.decode.time(batch: batch, length: length, share: 1) - (decode / 4 + step)) < 1e-12)
            #expect(abs(four.prefill.time(batch: batch, length: length, share: 0.5) - (prefill / 4 + prompt)) < 1e-12)
        }
        // Those that were measured on two spent their meetings already.
        var two = table.adding(
            table.measurements.map { cell in
                var cell = cell
                cell.devices = 2
                return cell
            })
        two.device = table.device
        let both = try #require(try CostModel(two).costs(of: "m", devices: 4))
        let time = one.decode.time(batch: 1, length: 64, share: 1), step = exchange.time(rows: 1)
        #expect(abs(both.decode.time(batch: 1, length: 64, share: 1) - ((time - step) / 2 + step)) < 1e-12)
    }

    @Test func servingIsWhatRequestsTakeBeyondTheirPasses() {
        let passes = ServingCost.Times(first: 0.020, step: 0.008, stepTogether: 0.012)
        let cost = ServingCost(
            passes: passes,
            served: ServingCost.Times(first: 0.025, step: 0.009, stepTogether: 0.0144), together: 8)
        #expect(abs(cost.perSequence - 0.0002) < 1e-12)
        #expect(abs(cost.perPass - 0.0008) < 1e-12)
        #expect(abs(cost.perRequest - 0.004) < 1e-12)
        #expect(ServingCost(passes: passes, served: passes, together: 8) == .none, "noise takes nothing away")
    }

    private static func text(_ table: CostTable) throws -> String { String(decoding: try table.json(), as: UTF8.self) }

    @Test(arguments: [
        ("a,1,100,1,32,5,6,7", "2: document: has 8 values, and there are 7 columns"),
        ("a,1,100,1,32,5", "2: decode_ms: is missing"), (",1,100,1,32,5,6", "2: model: is missing"),
        ("a,0,100,1,32,5,6", "2: tp: must be between 1 and 1024; is 0"),
        ("a,1,100,1,32,5,6\na,1,101,1,32,5,6", "3: sm_percent: must be between 1 and 100; is 101"),
        ("a,1,100,x,32,5,6", "2: batch: must be an integer; is 'x'"),
        ("a,1,100,1,32,nan,6", "2: prefill_ms: must be between"),
        ("a,1,100,1,32,slow,6", "2: prefill_ms: must be a number"),
        ("a,1,100,1,32,5,0", "2: decode_ms: must be a time"), ("", "1: document: holds no measurement"),
    ])
    func faultsOfTablesAreNamed(lines: String, expected: String) {
        let csv = "model,tp,sm_percent,batch,seq_len,prefill_ms,decode_ms\n\(lines)\n"
        let error = #expect(throws: FileError.self) { try CostTable(csv: csv, file: "costs.csv") }
        #expect(error?.description.hasPrefix("costs.csv:\(expected)") == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ("model,tp\n", "sm_percent: is missing among the columns"), ("", "document: is empty"),
        ("model,tp,sm_percent,batch,seq_len,prefill_ms,decode_ms,watts\n", "watts: is not known here"),
        ("model,tp,sm_percent,batch,seq_len,prefill_ms,decode_ms,tp\n", "tp: is given twice"),
    ])
    func faultsOfHeadersAreNamed(csv: String, expected: String) {
        let error = #expect(throws: FileError.self) { try CostTable(csv: csv, file: "costs.csv") }
        #expect(error?.description.hasPrefix("costs.csv:1: \(expected)") == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ("[]", "1: document: must be a mapping"), ("{}", "1: document: holds no measurement"),
        ("{\n\"a\": 3}", "2: a: must be a mapping"),
        (
            "{\"a\": {\n\"x\": {\"100\": {}}}}",
            "2: a.x: must stand under an integer between 1 and 1024; stands under 'x'"
        ),
        ("{\"a\": {\"1\": {\n\"200\": {}}}}", "2: a.1.200: must stand under an integer between 1 and 100"),
        ("{\"a\": {\"1\": {\"100\": {\"0\": {}}}}}", "1: a.1.100.0: must stand under"),
        (cell("{\n\"prefill\": 0}"), "2: a.1.100.1.32.prefill: must be a time"),
        (cell("{\n\"prefill\": \"5\"}"), "2: a.1.100.1.32.prefill: must be a number; is '5'"),
        (cell("{\n\"prefil\": 5}"), "2: a.1.100.1.32.prefil: is not known here; known are decoding, prefill"),
        (cell("5"), "1: a.1.100.1.32: must be a mapping"), ("{\n\"a\": {", "2: document: did not find expected node"),
        ("{\"device\": {}}", "1: device.name: is missing"),
        (device("\"units\": 0"), "2: device.units: must be between"),
        (device("\"unts\": 2"), "2: device.unts: is not known"),
        (
            device("\"units\": 2, \"contention\": {\"m\": {\"prefill_beside_prefill\": -1}}"),
            "2: device.contention.m.prefill_beside_prefill: must be positive; is -1.0"
        ),
        (
            device(
                "\"units\": 2, \"contention\": {}, \"overlap\": {\"m\": {\"whole\": 2, \"part\": 2, \"busy_part\": 1}}"),
            "2: device.overlap.m.busy_part: must be more than 1"
        ),
        (
            device("\"units\": 2, \"contention\": {}, \"serving\": {\"m\": {\"per_request\": 0, \"per_pass\": 0}}"),
            "2: device.serving.m.per_sequence: is missing"
        ),
    ])
    func faultsOfJSONAreNamed(json: String, expected: String) {
        let error = #expect(throws: FileError.self) { try CostTable(json: json, file: "costs.json") }
        #expect(error?.description.hasPrefix("costs.json:\(expected)") == true, "\(error?.description ?? "")")
    }

    private static func cell(_ json: String) -> String { "{\"a\": {\"1\": {\"100\": {\"1\": {\"32\": \(json)}}}}}" }

    private static func device(_ fields: String) -> String { "{\"device\": {\"name\": \"d\",\n\(fields)}}" }
}
