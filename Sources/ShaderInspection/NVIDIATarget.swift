import Compute
import ComputeCUDA
import Kernels

/// A generation of NVIDIA's GPUs, by NVIDIA's run-time compiler and the `ptxas` inside it.
package struct NVIDIATarget: Sendable {
    package let name: String
    package let card: String
    private let multiprocessor: Multiprocessor

    /// What limits the warps that an SM has in flight. Source: CUDA C++ Programming Guide, table "Technical
    /// Specifications per Compute Capability".
    fileprivate struct Multiprocessor: Sendable {
        var warps: Int
        var groups: Int
        var sharedBytes: Int
    }

    package static let all = [
        NVIDIATarget(
            name: "sm_80", card: "A100",
            multiprocessor: Multiprocessor(warps: 64, groups: 32, sharedBytes: 164 << 10)),
        NVIDIATarget(
            name: "sm_89", card: "RTX 4090",
            multiprocessor: Multiprocessor(warps: 48, groups: 24, sharedBytes: 100 << 10)),
        NVIDIATarget(
            name: "sm_90", card: "H100, H200",
            multiprocessor: Multiprocessor(warps: 64, groups: 32, sharedBytes: 228 << 10)),
    ]

    /// As large as NVIDIA's devices allow: one binding for every buffer.
    private var limits: DeviceLimits {
        let description = DeviceDescription(
            api: .vulkan, index: 0, name: card, kind: .discrete, driver: "", memoryByteCount: 0)
        var limits = DeviceLimits(DeviceFacts(description))
        limits.maxBindingSize = 1 << 40
        limits.maxAllocationSize = 1 << 40
        limits.hasDotProducts = true
        limits.prefersIntegerProducts = true
        return limits
    }

    /// - Parameter kernel: only variants of this one.
    package func inspect(kernel: String?) -> InspectedTarget {
        guard let compiler = NVRTC() else {
            return .skipped(name, NVRTC.remedy)
        }
        var target = InspectedTarget(name, compiler: "NVRTC \(compiler.version)")
        do throws(ComputeError) {
            var kernels = try DescribedModel.kernels(card: card, limits: limits, dialect: .cuda, only: kernel)
            // Products are on matrix units, if these pass the self-test.
            var limits = limits
            limits.matrix = .ofWarps
            let onMatrices = "matmul_matrix"
            if kernel == nil || kernel == onMatrices {
                kernels += try DescribedModel.kernels(card: card, limits: limits, dialect: .cuda, only: onMatrices)
            }
            target.inspect(kernels) { code in
                let result = compiler.compile(code.source, architecture: name, options: ["--ptxas-options=-v"])
                guard result.succeeded else { throw CompilerRefusal(description: result.log) }
                let report = try PTXASReport(result.log)
                return VariantFigures(
                    registers: report.registers, spilled: report.spillStoreBytes / 4, scratchBytes: report.stackBytes,
                    sharedBytes: report.sharedBytes,
                    waves: waves(report, groupSize: code.groupSize),
                    instructions: CUBIN.instructions(of: "entry", in: result.cubin))
            }
        } catch {
            target.failures.append(error.description)
        }
        return target
    }
}

private struct CompilerRefusal: Error, CustomStringConvertible {
    let description: String
}

/// What `ptxas -v` says of a program's one entry point.
package struct PTXASReport: Sendable, Hashable {
    package var registers: Int
    package var stackBytes: Int
    package var spillStoreBytes: Int
    package var spillLoadBytes: Int
    package var sharedBytes: Int

    /// - Parameter log: `… 16 bytes stack frame, 4 bytes spill stores, 4 bytes spill loads` and
    ///   `ptxas info    : Used 40 registers, 1024 bytes smem, 392 bytes cmem[0]` among other lines.
    /// - Throws: `MissingStatistic` where one is not there that must be.
    package init(_ log: String) throws(MissingStatistic) {
        func number(_ pattern: Regex<(Substring, Substring)>) -> Int? {
            log.firstMatch(of: pattern).flatMap { Int($0.output.1) }
        }
        func number(_ name: String, _ pattern: Regex<(Substring, Substring)>) throws(MissingStatistic) -> Int {
            guard let value = number(pattern) else { throw MissingStatistic(name: name, found: [log]) }
            return value
        }
        registers = try number("registers", /Used (\d+) registers/)
        stackBytes = try number("stack frame", /(\d+) bytes stack frame/)
        spillStoreBytes = try number("spill stores", /(\d+) bytes spill stores/)
        spillLoadBytes = try number("spill loads", /(\d+) bytes spill loads/)
        // Absent where there is none.
        sharedBytes = number(/(\d+) bytes smem/) ?? 0
    }
}

extension NVIDIATarget {
    /// The parts of an SM, each with a scheduler and 16,384 registers.
    private static let parts = 4
    private static let registersPerPart = 16_384
    private static let warpSize = 32
    /// A warp gets registers in units of eight for each lane.
    private static let registerUnit = 8
    /// What the driver takes of shared memory for each group.
    private static let reservedSharedBytes = 1024

    /// Warps in flight on one of an SM's parts.
    package func waves(_ report: PTXASReport, groupSize: Int) -> Int {
        let warpsPerGroup = (groupSize + Self.warpSize - 1) / Self.warpSize
        let registers = (max(1, report.registers) + Self.registerUnit - 1) / Self.registerUnit * Self.registerUnit
        let byRegisters = Self.parts * (Self.registersPerPart / (registers * Self.warpSize))
        let byShared = multiprocessor.sharedBytes / (report.sharedBytes + Self.reservedSharedBytes)
        let groups = min(
            multiprocessor.groups, byShared, byRegisters / warpsPerGroup, multiprocessor.warps / warpsPerGroup)
        return groups * warpsPerGroup / Self.parts
    }
}

/// Machine code of NVIDIA's GPUs, which is an ELF file.
package enum CUBIN {
    /// Bytes of an instruction since Volta.
    private static let instructionBytes = 16

    /// Instructions of an entry point, with those that fill its last 128 bytes; `nil` where there is none of the name.
    ///
    /// They stand in the section `.text.NAME`. Source: System V ABI, chapter 4, for 64-bit files of little end.
    package static func instructions(of name: String, in file: [UInt8]) -> Int? {
        func number(_ offset: Int, _ count: Int) -> Int? {
            guard offset >= 0, offset + count <= file.count else { return nil }
            return file[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        guard file.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]), let table = number(40, 4), let size = number(58, 2),
            let count = number(60, 2), let names = number(62, 2), let strings = number(table + names * size + 24, 4)
        else { return nil }
        let wanted = Array(".text.\(name)".utf8) + [0]
        for section in 0..<count {
            let header = table + section * size
            guard let nameOffset = number(header, 4), let bytes = number(header + 32, 4) else { return nil }
            if file.dropFirst(strings + nameOffset).starts(with: wanted) { return bytes / instructionBytes }
        }
        return nil
    }
}
