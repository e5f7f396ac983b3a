import Foundation
import Placement
import Simulation
import Testing

struct PaperRunTests {
    private static let header: String = """
        alpha,rate_scale,strategy,llm,model,device,throughput_rps,avg_req_latency_s,avg_ttft_s,num_requests,within_slo_x5

        """

    @Test func runsAreGrouped() throws {
        let csv =
            Self.header + """
                1.3,1.25,muxserve,llm-0,llama-7b,mesh8idx0,29.63,36.4,1.3,4709,20
                1.3,1.25,muxserve,llm-10,llama-7b,mesh1idx12,1.83,6.9,0.2,287,282
                1.3,1.25,spatial,llm-0,llama-7b,1,9.1,196,176,4709,0
                """
        let runs = try PaperRun.read(csv: Data(csv.utf8), file: "runs.csv")
        #expect(runs.map(\.strategy) == [.muxserve, .spatial])
        #expect(runs[0].models.map(\.devices) == [8, 1])
        #expect(runs[0].models.map(\.rank) == [0, 10])
        #expect(abs(runs[0].rate(runs[0].models[0]) - 50) < 1e-9)
        #expect(abs((runs[0].measured.withinSLO[5] ?? 0) - 100 * 302 / 4996) < 1e-9)
    }

    /// A table's lines behind the heading, and what its error says.
    private static let faults: [(String, String)] = [
        ("1.3,1,other,llm-0,llama-7b,1,9,1,1,5,0", "runs.csv:2: field strategy"),
        ("0,1,spatial,llm-0,llama-7b,1,9,1,1,5,0", "field alpha"),
        ("1.3,1,spatial,hot,llama-7b,1,9,1,1,5,0", "field llm"),
        ("1.3,1,spatial,llm-0,llama-7b,mesh,9,1,1,5,0", "field device"),
        ("1.3,1,spatial,llm-0,llama-7b,1,9,1,1,-5,0", "field num_requests"),
        ("1.3,1,spatial,llm-0,llama-7b,1,9,1", "field within_slo_x5: is missing"),
        ("1.3,1,spatial,llm-0,llama-7b,1,9,1,1,5,0\n1.3,1,spatial,llm-0,llama-7b,1,9,1,1,5,0", "runs.csv:3: field llm"),
        ("", "holds no run"),
    ]

    @Test(arguments: faults.map(\.0), [true])
    func badLinesAreNamed(lines: String, _: Bool) throws {
        let expected = try #require(Self.faults.first { $0.0 == lines }).1
        let csv = Data((Self.header + lines).utf8)
        let error = #expect(throws: FileError.self) { try PaperRun.read(csv: csv, file: "runs.csv") }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    @Test func missingColumnsAreNamed() {
        let error = #expect(throws: FileError.self) { try PaperRun.read(csv: Data("x".utf8), file: "runs.csv") }
        #expect(error?.description.contains("runs.csv:1: field alpha") == true)
        #expect(throws: FileError.self) { try PaperRun.read(csv: Data(), file: "runs.csv") }
    }
}
