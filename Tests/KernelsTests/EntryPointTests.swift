import Compute
import Kernels
import TestDevices
import Testing

/// A kernel's entry point takes the same in every dialect, in the order of its header.
struct EntryPointTests {
    private func source(_ dialect: Dialect) throws -> String {
        let kernel = try KernelSource(
            parsing: """
                kernel scale(
                    read  quad x,
                    write float y,
                    uint  width,
                    float factor)
                tiles width
                {
                    STORE(y, TILE, factor);
                }
                """)
        let code = try KernelTranslator(dialect: dialect, limits: .generous, prelude: "// PRELUDE").translate(
            kernel, options: [:], layouts: [ArgumentLayout(windows: 2), ArgumentLayout()], groupSize: 32)
        #expect(code.parameterCount == 4 && code.bindings.map(\.windows) == [2, 1])
        #expect(code.source.contains("// PRELUDE"))
        return code.source
    }

    @Test func buffersAndParametersStandInOrder() throws {
        #expect(
            try source(.cuda).contains(
                "entry(const quad* __restrict__ x_0, const quad* __restrict__ x_1, float* __restrict__ y_0, "
                    + "uint width, float factor, uint firstTile, uint tileCount) {"))
        #expect(
            try source(.openCL).contains(
                "entry(__global const quad* x_0, __global const quad* x_1, __global float* y_0, "
                    + "uint width, float factor, uint firstTile, uint tileCount PLACE_ARGUMENT) {"))
        #expect(
            try source(.glsl).contains("Parameters_ { uint width; float factor; uint firstTile; uint tileCount; }"))
    }
}
