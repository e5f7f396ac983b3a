import ConfigurationFiles
import MuxServeReference
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
        let runs = try PaperRun.read(csv: csv, file: "runs.csv")
        #expect(runs.map(\.strategy) == [.muxserve, .spatial])
        #expect(runs[0].models.map(\.devices) == [8, 1])
        #expect(runs[0].models.map(\.rank) == [0, 10])
        #expect(abs(runs[0].rate(runs[0].models[0]) - 50) < 1e-9)
        #expect(abs((runs[0].measured.withinSLO[5] ?? 0) - 100 * 302 / 4996) < 1e-9)
    }

    @Test(arguments: [
        (
            "1.3,1,other,llm-0,llama-7b,1,9,1,1,5,0",
            "2: strategy: must be one of muxserve, temporal, spatial; is 'other'"
        ),
        ("0,1,spatial,llm-0,llama-7b,1,9,1,1,5,0", "2: alpha: must be positive; is 0.0"),
        ("1.3,x,spatial,llm-0,llama-7b,1,9,1,1,5,0", "2: rate_scale: must be a number; is 'x'"),
        ("1.3,1,spatial,hot,llama-7b,1,9,1,1,5,0", "2: llm: 'hot' does not end with a rank"),
        ("1.3,1,spatial,llm-0,llama-7b,mesh,9,1,1,5,0", "2: device: 'mesh' names no number of devices"),
        ("1.3,1,spatial,llm-0,llama-7b,1,9,1,1,-5,0", "2: num_requests: must be between 1"),
        ("1.3,1,spatial,llm-0,,1,9,1,1,5,0", "2: model: is missing"),
        ("1.3,1,spatial,llm-0,llama-7b,1,9,1", "2: avg_ttft_s: is missing"),
        (
            "1.3,1,spatial,llm-0,llama-7b,1,9,1,1,5,0\n1.3,1,spatial,llm-0,llama-7b,1,9,1,1,5,0",
            "3: llm: 'llm-0' is given twice in its run"
        ),
        ("", "1: document: holds no run"),
    ])
    func faultsAreNamed(lines: String, expected: String) {
        let error = #expect(throws: FileError.self) { try PaperRun.read(csv: Self.header + lines, file: "runs.csv") }
        #expect(error?.description.hasPrefix("runs.csv:\(expected)") == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ("x", "alpha: is missing among the columns"), ("", "document: is empty"),
        (header.replacing("within_slo_x5", with: "watts"), "watts: is not known here"),
    ])
    func faultsOfHeadersAreNamed(csv: String, expected: String) {
        let error = #expect(throws: FileError.self) { try PaperRun.read(csv: csv, file: "runs.csv") }
        #expect(error?.description.hasPrefix("runs.csv:1: \(expected)") == true, "\(error?.description ?? "")")
    }
}
