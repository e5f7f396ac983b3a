import Foundation
import ShaderInspection
import Testing

/// Real compilers, on kernels that they are done with in a second.
struct CompilerTests {
    private static let program = ProcessInfo.processInfo.environment["WEFT_BINARY"]

    @Test(arguments: RADVTarget.all)
    func radvCompilesWithoutACard(_ target: RADVTarget) throws {
        let program = try #require(Self.program, "WEFT_BINARY names the built weft; tools/test sets it")
        let result = target.inspect(
            program: program,
            arguments: ["shaders", "inspect", "--here", "--target", target.name, "--kernel", "norm"])
        if let reason = result.skipped {
            print("SKIPPED: \(target.name): \(reason); what RADV makes of the kernels is UNCHECKED")
            return
        }
        try expectNorms(result)
        #expect(result.variants.allSatisfy { ($0.scalarRegisters ?? 0) > 0 && ($0.cycles ?? 0) > 0 })
    }

    @Test(arguments: NVIDIATarget.all)
    func nvrtcCompilesWithoutACard(_ target: NVIDIATarget) throws {
        let result = target.inspect(kernel: "norm")
        if let reason = result.skipped {
            print("SKIPPED: \(target.name): \(reason); what NVRTC makes of the kernels is UNCHECKED")
            return
        }
        try expectNorms(result)
    }

    private func expectNorms(_ result: InspectedTarget) throws {
        #expect(result.failures.isEmpty)
        // In order and gathered, by mean and variance, and added.
        #expect(result.variants.map(\.kernel) == ["norm", "norm", "norm", "norm"])
        #expect(Set(result.variants.compactMap { $0.options["NORM"] }) == ["RMS", "LAYER"])
        #expect(Set(result.variants.compactMap { $0.options["GATHER"] }) == ["0", "1"])
        for variant in result.variants {
            #expect((4...255).contains(variant.registers) && variant.spilled == 0 && variant.scratchBytes == 0)
            #expect(variant.waves > 0 && (16...10_000).contains(variant.instructions ?? 0))
        }
    }

    /// What is asked for by name and cannot be done fails; without a name it is only told.
    @Test func aMissingCompilerIsAFailureIfItWasAskedFor() throws {
        let program = try #require(Self.program, "WEFT_BINARY names the built weft; tools/test sets it")
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = ["shaders", "inspect", "--target", "sm_90", "--json"]
        process.environment = ProcessInfo.processInfo.environment.merging(["WEFT_NVRTC": "/nowhere"]) { $1 }
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let json = output.fileHandleForReading.readDataToEndOfFile()
        let told = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 1)
        #expect(told.contains("sm_90: SKIPPED"))
        let report = try #require(try JSONSerialization.jsonObject(with: json) as? [String: [[String: Any]]])
        let target = try #require(report["targets"]?.first)
        #expect(target["name"] as? String == "sm_90" && target["skipped"] is String)
        #expect((target["variants"] as? [Any])?.isEmpty == true)
    }
}
