import Compute

/// OpenCL C 1.2: buffers and parameters are arguments of the entry point, which is called `entry` in every kernel.
struct OpenCLWriter: DialectWriter {
    var dialect: Dialect { .openCL }

    func write(_ kernel: TranslatedKernel) -> String {
        var lines = kernel.definitions.map { "#define \($0.name) \($0.value)" }
        lines.append(kernel.prelude)
        for argument in kernel.arguments {
            lines += argument.accessors(vectorWidth: kernel.vectorWidth)
            lines += spanAccessors(of: argument, vectorWidth: kernel.vectorWidth) + holders(of: argument)
            lines += prefetch(of: argument)
        }
        lines += entryPoint(kernel)
        return lines.joined(separator: "\n")
    }

    /// A span is loaded as numbers, since nothing says that it begins where a vector of its width may.
    private func spanAccessors(of argument: TranslatedArgument, vectorWidth: Int) -> [String] {
        guard vectorWidth > 4, argument.isSpanned else { return argument.spanAccessors }
        let number = argument.buffer.element.isUnsigned ? "uint" : "float"
        let windows = argument.windows(vectorWidth: vectorWidth)
        return argument.windowNames.map { window in
            let name = windows == nil ? argument.buffer.name : window
            let place = windows?.place(of: "i") ?? "i"
            return "#define LOAD_SPAN_\(name)(i) "
                + "vload\(vectorWidth)(0, (__global const \(number)*)(\(window) + (\(place))))"
        }
    }

    private func prefetch(of argument: TranslatedArgument) -> [String] {
        guard argument.isPrefetched else { return [] }
        let windows = argument.windowNames
        let fetch = windows.count == 1 ? "PREFETCH_AT(\(windows[0]) + (i))" : ""
        return ["#define PREFETCH_\(argument.buffer.name)(i) \(fetch)"]
    }

    /// A quad is held by its address: each part is loaded where it is used, into all places of a vector at once. Held
    /// in a register its parts would be spread out in advance, into more vectors than a CPU has registers.
    private func holders(of argument: TranslatedArgument) -> [String] {
        guard argument.isHeld else { return [] }
        let name = argument.buffer.name
        let windows = argument.windowNames
        guard windows.count == 1 else {
            return [
                "#define HOLD_\(name)(a, row, i) "
                    + "quad held_##a = LOAD_\(name)((row) + (i)); const float* a = (const float*)&held_##a",
                "#define HELD_\(name)(a, e) (a)[e]",
                "#define HELD_PAIR_\(name)(a, pair, i) (a)[2 * (pair) + (i)]",
                "#define HELD_QUAD_\(name)(a) (*(const quad*)(a))",
            ]
        }
        return [
            "#define HOLD_\(name)(a, row, i) "
                + "__global const float* a = (__global const float*)(\(windows[0]) + (size_t)(row) + (size_t)(i))",
            "#define HELD_\(name)(a, e) (a)[e]",
            "#define HELD_PAIR_\(name)(a, pair, i) (a)[2 * (pair) + (i)]",
            "#define HELD_QUAD_\(name)(a) (*(__global const quad*)(a))",
        ]
    }

    private func entryPoint(_ kernel: TranslatedKernel) -> [String] {
        // Memory that a group shares would be one more argument, of the driver's making.
        let isPlain = ["GROUP_SIZE == 1"] + kernel.shared.map { "!(\($0.condition))" }
        return [
            "#if defined(TELLS_PLACE) && \(isPlain.joined(separator: " && "))",
            "#define PLACE_ARGUMENT , __global ulong* place",
            "#define TELL_PLACE TELL_PLACE_(place)",
            "#else", "#define PLACE_ARGUMENT", "#define TELL_PLACE", "#endif",
            "__kernel __attribute__((reqd_work_group_size(GROUP_SIZE, 1, 1)))",
            "void entry(\(kernel.entryArguments(space: "__global ")) PLACE_ARGUMENT) {", "    TELL_PLACE",
            "    GROUP_MEMORY",
        ] + kernel.sharedMemory("__local") + [
            // Neighbouring tiles, which read the same weights, go to one group.
            "    ulong group = get_group_id(0), groupCount = get_num_groups(0);",
            "    uint endTile = firstTile + (uint)(tileCount * (group + 1) / groupCount);",
            "    for (uint TILE = firstTile + (uint)(tileCount * group / groupCount); TILE < endTile; TILE++) {",
            kernel.body,
            "    }",
            "}",
        ]
    }

    /// C's way to make a value of a type: `(vec)(0.0)` for `vec(0.0)`.
    func spelling(of body: String) -> String {
        ["vec", "uvec", "quad", "uquad", "span", "float", "uint", "int"].reduce(body) {
            $0.substituting("(\($1))(", for: "\($1)(", isName: true)
        }
    }
}
