import Compute

/// CUDA C++ for NVRTC: buffers and parameters are arguments of the entry point, which is called `entry` in every
/// kernel.
struct CUDAWriter: DialectWriter {
    var dialect: Dialect { .cuda }

    func write(_ kernel: TranslatedKernel) -> String {
        var lines = kernel.definitions.map { "#define \($0.name) \($0.value)" }
        lines.append("#define SUBGROUP_SIZE \(kernel.subgroupSize)")
        lines.append(kernel.prelude)
        for argument in kernel.arguments {
            lines += argument.accessors(vectorWidth: kernel.vectorWidth) + argument.spanAccessors
            lines += holders(of: argument)
        }
        lines += entryPoint(kernel)
        return lines.joined(separator: "\n")
    }

    /// A quad is held in registers, as a GPU loads 16 bytes at once.
    private func holders(of argument: TranslatedArgument) -> [String] {
        guard argument.isHeld else { return [] }
        let name = argument.buffer.name
        return [
            "#define HOLD_\(name)(a, row, i) quad a = LOAD_\(name)((row) + (i))",
            "#define HELD_\(name)(a, e) AT(a, e)",
            "#define HELD_PAIR_\(name)(a, pair, i) AT(a, 2 * (pair) + (i))",
            "#define HELD_QUAD_\(name)(a) (a)",
        ]
    }

    private func entryPoint(_ kernel: TranslatedKernel) -> [String] {
        let arguments = kernel.entryArguments(qualifier: "__restrict__ ")
        return [
            // As many groups as an SM has registers for, so that `ptxas` keeps to these and to no fewer.
            "extern \"C\" __global__ void __launch_bounds__(GROUP_SIZE, 65536 / (REGISTERS * GROUP_SIZE))",
            "entry(\(arguments)) {",
            // What loads matrices wants them aligned.
        ] + kernel.sharedMemory("alignas(32) __shared__") + [
            "    uint endTile = firstTile + tileCount;",
            "    for (uint TILE = firstTile + blockIdx.x; TILE < endTile; TILE += gridDim.x) {",
            kernel.body,
            "    }",
            "}",
        ]
    }

    /// Numbers as C++ writes them in single precision: `1.0f` for `1.0`, which would be a double.
    func spelling(of body: String) -> String {
        body.replacing(/\b[0-9]+(\.[0-9]+(e[+\-]?[0-9]+)?|e[+\-]?[0-9]+)\b/) { "\($0.output.0)f" }
    }
}
