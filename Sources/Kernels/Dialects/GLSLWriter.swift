import Compute

/// GLSL 4.50 for Vulkan: buffers are globals, parameters are push constants.
struct GLSLWriter: DialectWriter {
    var dialect: Dialect { .glsl }

    func write(_ kernel: TranslatedKernel) -> String {
        var binding = 0
        var lines = ["#version 450"]
        lines += kernel.definitions.map { "#define \($0.name) \($0.value)" }
        lines.append("#define SUBGROUP_SIZE \(kernel.subgroupSize)")
        lines.append(kernel.prelude)
        for argument in kernel.arguments { lines += declaration(of: argument, from: &binding) }
        lines += kernel.sharedMemory("shared") + entryPoint(kernel)
        return lines.joined(separator: "\n")
    }

    private func declaration(of argument: TranslatedArgument, from binding: inout Int) -> [String] {
        let type = argument.buffer.element.glslName
        var lines: [String] = []
        for window in argument.windowNames {
            if argument.layout.isTexel {
                let sampler = argument.buffer.element.isUnsigned ? "usamplerBuffer" : "samplerBuffer"
                lines.append("layout(binding = \(binding)) uniform \(sampler) \(window);")
            } else {
                let qualifier = argument.buffer.access == .read ? "readonly " : ""
                lines.append(
                    "layout(std430, binding = \(binding)) \(qualifier)buffer \(window)_block { \(type) \(window)[]; };")
            }
            binding += 1
        }
        let accessors =
            argument.layout.isTexel
            ? ["#define LOAD_\(argument.buffer.name)(i) texelFetch(\(argument.windowNames[0]), int(i))"]
            : argument.accessors(vectorWidth: 4)
        return lines + accessors + argument.spanAccessors + holders(of: argument)
    }

    /// A quad is held in registers, as drivers fetch all of it at once.
    private func holders(of argument: TranslatedArgument) -> [String] {
        guard argument.isHeld else { return [] }
        let name = argument.buffer.name
        return [
            "#define HOLD_\(name)(a, row, i) quad a = LOAD_\(name)((row) + (i))",
            "#define HELD_\(name)(a, e) (a)[e]",
            "#define HELD_PAIR_\(name)(a, pair, i) (a)[2 * (pair) + (i)]",
            "#define HELD_QUAD_\(name)(a) (a)",
        ]
    }

    private func entryPoint(_ kernel: TranslatedKernel) -> [String] {
        let fields = kernel.parameterList.map { "\($0);" }.joined(separator: " ")
        let locals = kernel.parameters.map { "    \($0.kind.rawValue) \($0.name) = parameters_.\($0.name);" }
        return [
            "layout(local_size_x = GROUP_SIZE) in;",
            "layout(push_constant) uniform Parameters_ { \(fields) } parameters_;",
            "void main() {",
        ] + locals + [
            "    uint firstTile = parameters_.firstTile, endTile = firstTile + parameters_.tileCount;",
            "    for (uint TILE = firstTile + gl_WorkGroupID.x; TILE < endTile; TILE += gl_NumWorkGroups.x) {",
            kernel.body,
            "    }",
            "}",
        ]
    }
}

extension BufferArgument.Element {
    fileprivate var glslName: String {
        switch self {
        case .vec, .quad: "vec4"
        case .uvec, .uquad: "uvec4"
        case .float: "float"
        case .uint: "uint"
        case .half: "float16_t"
        }
    }
}
