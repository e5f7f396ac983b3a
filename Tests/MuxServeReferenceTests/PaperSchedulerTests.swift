import Foundation
import MuxServeReference
import Placement
import Testing
import Workloads

struct PaperSchedulerTests {
    private static let header: String = """
        alpha,rate_scale,strategy,llm,model,device,throughput_rps,avg_req_latency_s,avg_ttft_s,num_requests

        """

    private static func run(_ lines: String) throws -> PaperRun {
        try #require(PaperRun.read(csv: header + lines, file: "runs.csv").first)
    }

    /// 20 requests per second that are at work for 12 s are 240 sequences; for 14 s they are more than `fcfs` admits.
    @Test func sequencesAtOnceTellTheScheduler() throws {
        #expect(try Self.run("1,1,temporal,llm-0,llama-7b,mesh1idx0,20,13,1,900").scheduler == .fcfs)
        #expect(try Self.run("1,1,temporal,llm-0,llama-7b,mesh1idx0,20,15,1,900").scheduler == .adbs)
        #expect(try Self.run("1,1,muxserve,llm-0,llama-7b,mesh1idx0,20,13,1,900").scheduler == .adbs)
    }

    /// Two models on one mesh: by age one model has the mesh until its oldest sequence ends, so that short requests of
    /// the other wait; in turn both go on.
    @Test(.enabled(if: ReferenceData.isPresent))
    func byAgeShortRequestsWaitForLongOnes() throws {
        let (costs, _) = try #require(ReferenceData.measured)
        let run = try Self.run(
            """
            1,0.1,temporal,llm-0,llama-7b,mesh1idx0,4,4,1,300
            1,0.1,temporal,llm-1,llama-7b,mesh1idx0,2,4,1,150
            """)
        func worst(_ scheduler: ReferenceScheduler) throws -> Double {
            let cluster = PaperCluster(costs: costs, temporalScheduler: scheduler)
            let perToken = try cluster.records(of: run, seed: 1).compactMap { record in
                record.latency.map { $0 / Double(record.outputTokens) }
            }
            return perToken.sorted()[perToken.count * 95 / 100]
        }
        #expect(try worst(.fcfs) > 1.5 * worst(.adbs))
    }

    @Test(.enabled(if: ReferenceData.isPresent), arguments: ReferenceScheduler.allCases)
    func everyRequestIsServed(scheduler: ReferenceScheduler) throws {
        let (costs, runs) = try #require(ReferenceData.measured)
        let run = try #require(runs.first { $0.strategy == .temporal })
        let cluster = PaperCluster(costs: costs, temporalScheduler: scheduler)
        let records = try cluster.records(of: run, seed: 3)
        #expect(records.count == run.models.reduce(0) { $0 + $1.requests })
        for record in records {
            let (first, finish) = (try #require(record.firstToken), try #require(record.finish))
            #expect(record.arrival < first && first <= finish)
        }
        #expect(try records == cluster.records(of: run, seed: 3))
    }
}
