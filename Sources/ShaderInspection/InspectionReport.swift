import Compute
import Dispatch
import Kernels
import Synchronization

/// What real compilers of GPUs made of the kernels.
package struct InspectionReport: Sendable, Codable {
    package var targets: [InspectedTarget]

    package init(targets: [InspectedTarget]) { self.targets = targets }
}

/// The kernels as compiled for one GPU.
package struct InspectedTarget: Sendable, Codable, Hashable {
    package var name: String
    /// Who compiled: `RADV GFX1100 22.3.6`; `nil` where nothing was compiled.
    package var compiler: String?
    /// Why nothing was compiled: a compiler is missing.
    package var skipped: String?
    /// What the compiler refused, with its log, or how it ended.
    package var failures: [String] = []
    /// The worst in front.
    package var variants: [InspectedVariant] = []

    package init(_ name: String, compiler: String? = nil) {
        self.name = name
        self.compiler = compiler
    }

    package static func skipped(_ name: String, _ reason: String) -> InspectedTarget {
        var target = InspectedTarget(name)
        target.skipped = reason
        return target
    }

    /// Compiles kernels on several threads.
    /// - Parameter figures: throws with the compiler's log.
    mutating func inspect(
        _ kernels: [PendingKernels.Translated],
        _ figures: @escaping @Sendable (KernelCode) throws -> VariantFigures
    ) {
        let results = kernels.concurrentMap { kernel in
            Result { InspectedVariant(kernel, try figures(kernel.code)) }
                .mapError { Refusal(reason: "\(kernel.code.label): \($0)") }
        }
        for result in results {
            switch result {
            case .success(let variant): variants.append(variant)
            case .failure(let refusal): failures.append(refusal.reason)
            }
        }
        variants.sort { $0.isWorse(than: $1) }
    }

    private struct Refusal: Error {
        let reason: String
    }
}

/// What a compiler tells of one kernel. What it does not tell is `nil`.
package struct VariantFigures: Sendable, Codable, Hashable {
    /// Vector registers of a lane.
    package var registers: Int
    /// Registers of all lanes together, which AMD's devices have.
    package var scalarRegisters: Int?
    /// Registers that went to memory: of AMD's both kinds, on NVIDIA's the 32-bit words that are stored.
    package var spilled: Int
    /// Memory of a lane, for what has no register.
    package var scratchBytes: Int
    /// Memory that a group shares.
    package var sharedBytes: Int
    /// Waves of 32 lanes that are in flight on one SIMD (AMD), or on one of the four parts of an SM (NVIDIA). RADV
    /// counts a subgroup of 64 as two. Source: Mesa, `radv_get_max_waves`.
    package var waves: Int
    package var instructions: Int?
    /// By the compiler's estimate, from the kernel's first instruction to its last.
    package var cycles: Int?
    /// By the compiler's estimate, between two subgroups' ends.
    package var cyclesPerWave: Int?

    package init(
        registers: Int, scalarRegisters: Int? = nil, spilled: Int, scratchBytes: Int, sharedBytes: Int, waves: Int,
        instructions: Int? = nil, cycles: Int? = nil, cyclesPerWave: Int? = nil
    ) {
        self.registers = registers
        self.scalarRegisters = scalarRegisters
        self.spilled = spilled
        self.scratchBytes = scratchBytes
        self.sharedBytes = sharedBytes
        self.waves = waves
        self.instructions = instructions
        self.cycles = cycles
        self.cyclesPerWave = cyclesPerWave
    }
}

/// One kernel with its options, compiled.
@dynamicMemberLookup
package struct InspectedVariant: Sendable, Hashable {
    package var kernel: String
    /// The kernel's own, and `WINDOWS` where a buffer is seen through several.
    package var options: [String: String]
    package var groupSize: Int
    package var figures: VariantFigures

    package init(kernel: String, options: [String: String], groupSize: Int, figures: VariantFigures) {
        self.kernel = kernel
        self.options = options
        self.groupSize = groupSize
        self.figures = figures
    }

    init(_ translated: PendingKernels.Translated, _ figures: VariantFigures) {
        self.init(
            kernel: translated.kernel, options: translated.options, groupSize: translated.code.groupSize,
            figures: figures)
        let windows = translated.code.bindings.map(\.windows).max() ?? 1
        if windows > 1 { options["WINDOWS"] = "\(windows)" }
    }

    package subscript<Value>(dynamicMember path: KeyPath<VariantFigures, Value>) -> Value { figures[keyPath: path] }

    /// The kernel and its options: `matmul<ROWS=8>`.
    package var label: String {
        let chosen = options.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return chosen.isEmpty ? kernel : "\(kernel)<\(chosen.joined(separator: ","))>"
    }

    /// Whether it should be looked at first: for what is in memory and not in registers, then for how few are in
    /// flight.
    package func isWorse(than other: InspectedVariant) -> Bool {
        func place(_ variant: InspectedVariant) -> [Int] {
            [-variant.scratchBytes, -variant.spilled, variant.waves, -variant.registers]
        }
        let (mine, others) = (place(self), place(other))
        return mine == others ? label < other.label : mine.lexicographicallyPrecedes(others)
    }
}

/// Flat: the figures stand beside kernel and options.
extension InspectedVariant: Codable {
    private enum Key: String, CodingKey { case kernel, options, groupSize }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        self.init(
            kernel: try values.decode(String.self, forKey: .kernel),
            options: try values.decode([String: String].self, forKey: .options),
            groupSize: try values.decode(Int.self, forKey: .groupSize), figures: try VariantFigures(from: decoder))
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(kernel, forKey: .kernel)
        try values.encode(options, forKey: .options)
        try values.encode(groupSize, forKey: .groupSize)
        try figures.encode(to: encoder)
    }
}

extension Array where Element: Sendable {
    /// The elements' images, in order, made on as many threads as there are cores.
    fileprivate func concurrentMap<Image: Sendable>(_ image: @Sendable (Element) -> Image) -> [Image] {
        let images = Mutex([Image?](repeating: nil, count: count))
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let made = image(self[index])
            images.withLock { $0[index] = made }
        }
        return images.withLock { $0.compactMap { $0 } }
    }
}
