import Compute
import Foundation
import Kernels
import Testing

struct KernelParserTests {
    @Test func everyShaderParses() throws {
        let sources = try KernelLibrary.sources()
        #expect(
            sources.keys.sorted() == [
                "attention", "attention_merge", "attention_tile", "candidates", "combine", "convolve", "embed",
                "gated_norm", "group_experts", "head_norm", "matmul", "matmul_bytes", "matmul_bytes_tile",
                "matmul_matrix", "matmul_tile", "norm", "probe_copy", "probe_fma", "quantise", "recur", "rope_store",
                "route", "sum_shards",
            ])
        let norm = try #require(sources["norm"])
        #expect(norm.buffers.map(\.name) == ["x", "weight", "bias", "sources", "y"])
        #expect(norm.parameters.map(\.name) == ["width", "epsilon", "scale"])
        #expect(norm.options.map(\.name) == ["NORM", "BIAS", "GATHER", "ADDED"])
        #expect(norm.options.first == KernelOption(name: "NORM", values: ["RMS", "LAYER"]))
    }

    @Test(arguments: [
        ("kernel f(read vec x, uint n) tiles rows {", "not closed"),
        ("kernel f(read vec x) { }", "expected 'tiles'"),
        ("kernel f(read thing x) tiles rows { }", "cannot read the argument 'read thing x'"),
        ("kernel f(uint n, read vec x) tiles rows { }", "stands after a parameter"),
        ("kernel f() options A tiles rows { }", "cannot read the option"),
        ("kernel f() tiles rows { } more", "after the body"),
    ])
    func faultsAreNamed(text: String, reason: String) {
        #expect {
            try KernelSource(parsing: text)
        } throws: {
            ($0 as? KernelSourceError)?.reason.contains(reason) == true
        }
    }

    @Test func eachNamesRegisters() throws {
        let source = try KernelSource(
            parsing: """
                kernel f(write float y)
                options ROWS = 1 2
                tiles rows
                { each (r, ROWS * 2) { float s$r = $r; } each (i, 2) { each (j, 2) { m$i_$j } } }
                """)
        let translator = KernelTranslator(dialect: .glsl, limits: .floor)
        let code = try translator.translate(source, options: ["ROWS": "2"], layouts: [ArgumentLayout()], groupSize: 32)
        let words = code.source.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("float s0 = 0; float s1 = 1; float s2 = 2; float s3 = 3;"))
        #expect(words.contains("m0_0 m0_1 m1_0 m1_1"))
    }

    @Test func textIsFoundAndReplacedByBytes() throws {
        let text: Substring = "a vec(uvec(1), vec(2)) b"
        #expect(text.place(of: "vec(").map { String(text[$0.upperBound...]) } == "uvec(1), vec(2)) b")
        #expect(text.dropFirst(3).place(of: "vec(").map { String(text[$0.upperBound...]) } == "1), vec(2)) b")
        #expect(text.place(of: "b ") == nil && text.place(of: "") == nil && ("" as Substring).place(of: "b") == nil)
        #expect(text.substituting("(vec)(", for: "vec(", isName: true) == "a (vec)(uvec(1), (vec)(2)) b")
        #expect(text.substituting("", for: "vec(") == "a u1), 2)) b")
        #expect(text.dropFirst(5).closing("(", ")").map { String(text[$0...]) } == ") b")
        #expect(text.closing("(", ")") == nil && ("((a)" as Substring).closing("(", ")") == nil)
    }

    /// Memory that a group shares is declared where each dialect wants it, in the variants that need it.
    @Test(arguments: [
        (Dialect.glsl, "shared quad a[2 * GROUP_SIZE];"), (.openCL, "__local quad a["),
        (.cuda, "alignas(32) __shared__ quad a["),
    ])
    func sharedArraysAreDeclared(_ dialect: Dialect, _ declaration: String) throws {
        let source = try KernelSource(
            parsing: """
                kernel f(write float y)
                options N = 1 2
                shared quad a[2 * GROUP_SIZE] when N > 1, uint b[4] when N == 1
                tiles rows
                { a[LANE] = quad(0.0); BARRIER; }
                """)
        #expect(source.shared.map(\.name) == ["a", "b"] && source.shared[1].count == "4")
        let translator = KernelTranslator(dialect: dialect, limits: .floor)
        let code = try translator.translate(source, options: ["N": "2"], layouts: [ArgumentLayout()], groupSize: 64)
        #expect(code.groupSize == 64 && code.source.contains("#define GROUP_SIZE 64"))
        let place = try #require(code.source.range(of: declaration)?.lowerBound)
        #expect(code.source[..<place].hasSuffix("#if N > 1\n"))
    }

    @Test(arguments: ["quad a[2]", "quad a when N > 1", "short a[2] when N > 1", "quad a[2] when "])
    func sharedArraysAreChecked(_ text: String) {
        #expect(throws: KernelSourceError.self) {
            try KernelSource(parsing: "kernel f(write float y) options N = 1 2 shared \(text) tiles rows { }")
        }
    }

    @Test func optionsAreChecked() throws {
        let source = try KernelSource(parsing: "kernel f() options A = X Y tiles rows { }")
        let translator = KernelTranslator(dialect: .glsl, limits: .floor)
        #expect(throws: KernelSourceError.self) {
            try translator.translate(source, options: ["A": "Z"], layouts: [], groupSize: 32)
        }
    }
}

extension DeviceLimits {
    /// The least that a device may offer.
    static let floor = DeviceLimits(
        maxBindingSize: 128 << 20, maxAllocationSize: 1 << 30, maxTexelElements: 0, maxBindings: 8, maxGroupSize: 256,
        maxGroupCount: 65535, maxParameterBytes: 128, subgroupSize: 1, groupSize: 32, vectorWidth: 4)
}
