import Compute
import ComputeVulkan
import Foundation
import ShaderInspection
import Testing

/// What compilers say, as recorded.
struct ParsingTests {
    /// RADV of Mesa 22.3.6 for gfx1100, of an attention kernel; hashes left out.
    private static let attention = [
        PipelineStatistic(name: "SGPRs", value: 128), PipelineStatistic(name: "VGPRs", value: 132),
        PipelineStatistic(name: "Spilled SGPRs", value: 3), PipelineStatistic(name: "Spilled VGPRs", value: 507),
        PipelineStatistic(name: "Code size", value: 45064), PipelineStatistic(name: "LDS size", value: 1024),
        PipelineStatistic(name: "Scratch size", value: 55296), PipelineStatistic(name: "Subgroups per SIMD", value: 10),
        PipelineStatistic(name: "Instructions", value: 7208), PipelineStatistic(name: "Copies", value: 481),
        PipelineStatistic(name: "Branches", value: 70), PipelineStatistic(name: "Latency", value: 4_780_315),
        PipelineStatistic(name: "Inverse Throughput", value: 956_063),
        PipelineStatistic(name: "Pre-Sched VGPRs", value: 128),
    ]

    @Test func figuresOfRADV() throws {
        let figures = try VariantFigures(radv: Self.attention, subgroupSize: 64)
        #expect(figures.registers == 132 && figures.scalarRegisters == 128)
        #expect(figures.spilled == 510, "both kinds of registers count")
        #expect(figures.scratchBytes == 864, "the driver's figure is that of a subgroup")
        #expect(figures.sharedBytes == 1024 && figures.waves == 10 && figures.instructions == 7208)
        #expect(figures.cycles == 4_780_315 && figures.cyclesPerWave == 956_063)
    }

    @Test(arguments: ["VGPRs", "Spilled VGPRs", "Scratch size", "Subgroups per SIMD"])
    func aMissingStatisticIsNoZero(_ name: String) {
        #expect(throws: MissingStatistic.self) {
            try VariantFigures(radv: Self.attention.filter { $0.name != name }, subgroupSize: 64)
        }
    }

    /// `ptxas` 12.9 inside NVRTC, of a kernel that spills and shares memory.
    private static let spilling = """
        ptxas info    : 0 bytes gmem
        ptxas info    : Compiling entry function 'entry' for 'sm_90'
        ptxas info    : Function properties for entry
        ptxas         .     1136 bytes stack frame, 3124 bytes spill stores, 3164 bytes spill loads
        ptxas info    : Used 64 registers, used 1 barriers, 1136 bytes cumulative stack size, 1024 bytes smem
        ptxas info    : Compile time = 2179.420 ms
        """

    /// The same of one that does neither.
    private static let plain = """
        ptxas info    : 0 bytes gmem
        ptxas info    : Compiling entry function 'entry' for 'sm_89'
        ptxas info    : Function properties for entry
        ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
        ptxas info    : Used 228 registers, used 1 barriers, 364 bytes cmem[0]
        ptxas info    : Compile time = 234.472 ms
        """

    @Test func figuresOfPTXAS() throws {
        let spilling = try PTXASReport(Self.spilling)
        #expect(spilling.registers == 64 && spilling.stackBytes == 1136 && spilling.sharedBytes == 1024)
        #expect(spilling.spillStoreBytes == 3124 && spilling.spillLoadBytes == 3164)
        let plain = try PTXASReport(Self.plain)
        #expect(plain.registers == 228 && plain.stackBytes == 0 && plain.sharedBytes == 0)
        #expect(plain.spillStoreBytes == 0 && plain.spillLoadBytes == 0)
        #expect(throws: MissingStatistic.self) { try PTXASReport("ptxas info    : 0 bytes gmem") }
    }

    /// By hand: 64 registers leave room for 8 warps of each part's 16,384; groups of a warp are at most 32, 8 a part;
    /// 228 KiB hold 114 groups with 1 KiB of their own. 228 registers, given as 232, leave room for 2.
    @Test func warpsInFlight() throws {
        let sm90 = try #require(NVIDIATarget.all.first { $0.name == "sm_90" })
        let sm89 = try #require(NVIDIATarget.all.first { $0.name == "sm_89" })
        var report = try PTXASReport(Self.spilling)
        #expect(sm90.waves(report, groupSize: 32) == 8)
        report.registers = 32
        #expect(sm90.waves(report, groupSize: 128) == 16, "64 warps an SM")
        #expect(sm89.waves(report, groupSize: 32) == 6, "24 groups an SM")
        report.sharedBytes = 49 << 10
        #expect(sm89.waves(report, groupSize: 128) == 2, "two groups' shared memory")
        #expect(sm90.waves(try PTXASReport(Self.plain), groupSize: 32) == 2)
    }

    @Test func instructionsOfACUBIN() {
        // A header, two sections' headers of 64 bytes, and their names.
        var file = [UInt8](repeating: 0, count: 64 + 3 * 64)
        func put(_ value: Int, at offset: Int, _ count: Int) {
            for byte in 0..<count { file[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
        }
        file.replaceSubrange(0..<6, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1])
        put(64, at: 40, 8)
        put(64, at: 58, 2)
        put(3, at: 60, 2)
        put(1, at: 62, 2)
        let names = Array("\0.text.entry2\0.text.entry\0".utf8)
        put(file.count, at: 64 + 64 + 24, 8)
        put(1, at: 64, 4)
        put(16 * 5, at: 64 + 32, 8)
        put(14, at: 64 + 128, 4)
        put(16 * 24, at: 64 + 128 + 32, 8)
        file += names
        #expect(CUBIN.instructions(of: "entry", in: file) == 24)
        #expect(CUBIN.instructions(of: "entry2", in: file) == 5)
        #expect(CUBIN.instructions(of: "other", in: file) == nil)
        #expect(CUBIN.instructions(of: "entry", in: Array(file.prefix(100))) == nil)
        #expect(CUBIN.instructions(of: "entry", in: []) == nil)
    }

    @Test func whatAChildSays() throws {
        let target = try #require(RADVTarget.all.first { $0.name == "rdna3" })
        let said = "WARNING: radv is not a conformant Vulkan implementation\n"
        let printed = said + #"{"name":"rdna3","failures":[],"variants":[]}"#
        let answer = try #require(target.answer(in: printed, family: "gfx1100") { "" })
        #expect(answer.skipped == nil && answer.failures.isEmpty)
        let unknown = "radv: Unknown family: gfx1100\n*** Program crashed"
        #expect(target.answer(in: unknown, family: "gfx1100") { "ended with signal 6" } == nil)
        let crashed = try #require(target.answer(in: "", family: "gfx1100") { "ended with signal 11" })
        #expect(crashed.skipped == nil && crashed.failures.first?.contains("signal 11") == true)
    }

    /// Newer drivers call chips by other names.
    @Test func theNextNameIsTried() throws {
        let target = try #require(RADVTarget.all.first { $0.name == "rdna3" })
        let script = """
            test $RADV_FORCE_FAMILY = navi31 || { echo "radv: Unknown family: $RADV_FORCE_FAMILY"; exit 134; }
            echo '{"name":"rdna3","compiler":"navi31","failures":[],"variants":[]}'
            """
        let found = target.inspect(program: "/bin/sh", arguments: ["-c", script])
        if found.skipped?.contains("radeon_icd") == true { return print("SKIPPED: RADV is not installed") }
        #expect(found.compiler == "navi31" && found.skipped == nil)
        let none = target.inspect(program: "/bin/sh", arguments: ["-c", "echo 'radv: Unknown family'; exit 134"])
        #expect(none.skipped == "this RADV does not know gfx1100 or navi31")
    }
}
