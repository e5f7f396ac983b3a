import Foundation
import MuxServeReference
import Placement
import Quantities
import Testing

@Suite(.enabled(if: ReferenceData.isPresent))
struct ReferenceCandidateTests {
    /// `model: devices: share/batch/throughput/satisfied` as the reference code prints them at condense 2000.
    static let vectors: [String] = [
        "1: 70/71/3.552/F; 2: 90/143/6.593/F; 4: 90/287/10.540/F; 8: 90/576/15.697/F",
        "1: 70/71/3.552/F; 2: 30/107/4.676/T; 4: 30/35/4.676/T; 8: 30/34/4.676/T",
        "1: 70/71/3.552/F; 2: 90/143/6.593/F; 4: 90/287/10.540/F; 8: 90/576/15.697/F",
        "1: 90/111/7.927/F; 2: 90/224/11.347/F; 4: 90/450/16.357/F; 8: 90/901/20.046/F",
        "1: 60/61/4.398/T; 2: 30/100/4.398/T; 4: 30/32/4.398/T; 8: 30/29/4.398/T",
        "1: 70/71/3.552/F; 2: 60/122/7.407/T; 4: 30/198/7.407/T; 8: 30/58/7.407/T",
        "1: 30/40/3.935/T; 2: 30/22/3.935/T; 4: 30/21/3.935/T; 8: 30/21/3.935/T",
        "2: 80/73/3.369/F; 4: 90/147/5.165/F",
        "2: 70/73/3.056/T; 4: 30/90/3.056/T",
        "4: 70/89/3.194/T; 8: 30/155/3.194/T",
        "2: 80/73/3.369/F; 4: 90/147/5.165/F",
        "1: 70/71/3.552/F; 2: 90/143/6.593/F; 4: 30/204/7.593/T; 8: 30/74/7.593/T",
        "1: 60/111/7.824/T; 2: 30/201/7.824/T; 4: 30/52/7.824/T; 8: 30/51/7.824/T",
        "4: 80/89/3.519/T; 8: 30/172/3.519/T",
        "1: 90/111/7.927/F; 2: 90/224/11.347/F; 4: 30/450/12.639/T; 8: 30/206/12.639/T",
        "4: 90/89/3.488/F; 8: 50/179/5.417/T",
    ]

    @Test(arguments: Array(vectors.enumerated()).map { ($0.offset, $0.element) })
    func candidatesOfTheReferenceCode(model: Int, expected: String) throws {
        let objective = try ReferenceObjective(
            demands: ReferenceData.demands(times: 4), costs: #require(ReferenceData.measured).costs,
            cluster: Cluster(nodes: 4, devicesPerNode: 8))
        let found = [1, 2, 4, 8].compactMap { devices -> String? in
            guard let candidate = objective.candidate(model, on: MeshKind(devices: devices)) else { return nil }
            let throughput = (candidate.throughput * 1000).rounded() / 1000
            let digits = "\(throughput)".split(separator: ".")
            let fraction = digits[1].padding(toLength: 3, withPad: "0", startingAt: 0)
            let mark = candidate.isSatisfied ? "T" : "F"
            return "\(devices): \(candidate.decodeShare.percent)/\(candidate.batch)/\(digits[0]).\(fraction)/\(mark)"
        }
        #expect(found.joined(separator: "; ") == expected)
    }
}
