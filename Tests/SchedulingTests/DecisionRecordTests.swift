import Foundation
import KVCache
import Quantities
import Scheduling
import Testing
import Workloads

/// The decisions of a seeded run of each policy, held against those that were recorded when the rules were last changed
/// on purpose.
///
/// `WEFT_RECORD=1` writes the record anew.
@Suite(.serialized) struct DecisionRecordTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Resources/decisions.json")

    @Test(arguments: PolicyName.allCases)
    func decisionsAreThoseRecorded(policy: PolicyName) throws {
        let digests = try Self.digests(policy)
        if ProcessInfo.processInfo.environment["WEFT_RECORD"] != nil {
            var record = (try? Self.record()) ?? [:]
            record[policy.rawValue] = digests
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(record).write(to: Self.file)
        }
        let recorded = try #require(try Self.record()[policy.rawValue])
        #expect(digests.count == recorded.count)
        if let first = zip(digests, recorded).enumerated().first(where: { $1.0 != $1.1 })?.offset {
            Issue.record("decisions differ in events \(50 * first)..<\(50 * first + 50)")
        }
    }

    private static func record() throws -> [String: [String]] {
        try JSONDecoder().decode([String: [String]].self, from: Data(contentsOf: file))
    }

    /// A digest of every 50 of 10,000 events, in four worlds from far too small to roomy.
    private static func digests(_ policy: PolicyName) throws -> [String] {
        var digests: [String] = []
        for (number, pages) in [40, 90, 400, 2000].enumerated() {
            var random = SplitMix64(seed: UInt64(number), stream: 77)
            var world = ScheduledWorld(pages: pages, policy: policy.policy, overload: number % 3)
            world.trace = Digest()
            try world.load(PolicyPropertyTests.settings(&random))
            for event in 0..<2500 {
                try PolicyPropertyTests.step(&world, &random)
                guard event % 50 == 49 else { continue }
                digests.append(String(world.trace?.value ?? 0, radix: 16))
                world.trace = Digest()
            }
        }
        return digests
    }
}

/// FNV-1a over text.
struct Digest {
    private(set) var value: UInt64 = 14_695_981_039_346_656_037

    mutating func add(_ text: String) {
        for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 1_099_511_628_211 }
    }
}
