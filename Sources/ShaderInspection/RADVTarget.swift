import Compute
package import ComputeVulkan
import Foundation
import Kernels

/// A GPU of AMD's, by its driver RADV, which compiles for cards that are not there.
///
/// RADV takes the card from the environment when it is loaded. So each is asked in a process of its own: the program
/// itself with `environment`, which calls `inspectHere` and prints what it gives.
package struct RADVTarget: Sendable {
    package let name: String
    /// What cards of the kind are.
    package let card: String
    /// The driver's names for the chip: that of Mesa 22.3, then that of Mesa 25 where it is another.
    let families: [String]

    package static let all = [
        RADVTarget(name: "rdna3", card: "Radeon RX 7900 XTX", families: ["gfx1100", "navi31"]),
        RADVTarget(name: "rdna3-780m", card: "Radeon 780M", families: ["gfx1103_r1", "phoenix"]),
        RADVTarget(name: "rdna2", card: "Radeon RX 6800", families: ["navi21"]),
    ]

    /// Compiles in a child, by the first of the chip's names that the driver knows.
    /// - Parameters:
    ///   - program: has a command that calls `inspectHere`.
    ///   - arguments: of that command.
    package func inspect(program: String, arguments: [String]) -> InspectedTarget {
        guard let driver = Self.driver else {
            return .skipped(name, "no radeon_icd*.json in \(Self.folders.joined(separator: ", "))")
        }
        for family in families {
            if let target = inspect(family, by: driver, program: program, arguments: arguments) { return target }
        }
        return .skipped(name, "this RADV does not know \(families.joined(separator: " or "))")
    }

    /// - Returns: `nil` where the driver does not know the chip by this name.
    private func inspect(
        _ family: String, by driver: String, program: String, arguments: [String]
    ) -> InspectedTarget? {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["RADV_FORCE_FAMILY"] = family
        environment["VK_DRIVER_FILES"] = driver
        // The name that older loaders know it by.
        environment["VK_ICD_FILENAMES"] = driver
        environment["VK_ADD_DRIVER_FILES"] = nil
        environment["MESA_SHADER_CACHE_DISABLE"] = "true"
        process.environment = environment
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        do {
            try process.run()
        } catch {
            return .skipped(name, "\(program): \(error.localizedDescription)")
        }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return answer(in: text, family: family) {
            "ended with \(process.terminationReason == .exit ? "status" : "signal") \(process.terminationStatus)"
        }
    }

    /// - Parameters:
    ///   - text: what the driver said, and below it what the child printed.
    ///   - family: the name by which the driver was asked for the chip.
    ///   - end: how the child ended, for people.
    /// - Returns: `nil` where the driver does not know that name.
    package func answer(in text: String, family: String, end: () -> String) -> InspectedTarget? {
        let lines = text.split(separator: "\n")
        if let line = lines.last(where: { $0.hasPrefix("{") }),
            let target = try? JSONDecoder().decode(InspectedTarget.self, from: Data(line.utf8))
        {
            return target
        }
        if text.contains("Unknown family") { return nil }
        var target = InspectedTarget(name)
        target.failures = ["RADV for \(family) \(end()): \(lines.first ?? "")"]
        return target
    }

    /// Folders of drivers' manifests: those of the system before what was installed beside it.
    private static let folders = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"]

    /// RADV's manifest for this machine.
    private static var driver: String? {
        for folder in folders {
            let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            let known = files.filter { $0.hasPrefix("radeon_icd") && $0.hasSuffix(".json") }
            if let file = known.first(where: { $0.contains(machine) }) ?? known.first { return "\(folder)/\(file)" }
        }
        return nil
    }

    #if arch(arm64)
    private static let machine = "aarch64"
    #else
    private static let machine = "x86_64"
    #endif

    /// Compiles in this process, whose environment says for which card.
    /// - Parameter kernel: only variants of this one.
    package func inspectHere(kernel: String?) -> InspectedTarget {
        let device: CompilingDevice
        do throws(ComputeError) { device = try CompilingDevice(in: VulkanInstance()) } catch {
            return .skipped(name, error.description)
        }
        var target = InspectedTarget(
            name, compiler: "\(device.description.name), Mesa \(device.description.driver)")
        do throws(ComputeError) {
            let kernels = try DescribedModel.kernels(card: card, limits: device.limits, dialect: .glsl, only: kernel)
            let lanes = device.limits.subgroupSize
            target.inspect(kernels) { try VariantFigures(radv: device.statistics(of: $0), subgroupSize: lanes) }
        } catch {
            target.failures.append(error.description)
        }
        return target
    }
}

extension VariantFigures {
    /// The figures among RADV's statistics of a pipeline. Names as in Mesa 22.3 to 25.
    /// - Throws: `MissingStatistic` where one is not there that must be.
    package init(radv statistics: [PipelineStatistic], subgroupSize: Int) throws(MissingStatistic) {
        let values = Dictionary(statistics.map { ($0.name, $0.value) }) { first, _ in first }
        func value(_ name: String) throws(MissingStatistic) -> Int {
            guard let value = values[name] else { throw MissingStatistic(name: name, found: values.keys.sorted()) }
            return value
        }
        registers = try value("VGPRs")
        scalarRegisters = try value("SGPRs")
        spilled = try value("Spilled SGPRs") + value("Spilled VGPRs")
        // Of a subgroup, rounded up to what the device gives out at once.
        scratchBytes = try value("Scratch size") / subgroupSize
        sharedBytes = try value("LDS size")
        waves = try value("Subgroups per SIMD")
        instructions = values["Instructions"] ?? values["Instruction Count"]
        cycles = values["Latency"]
        cyclesPerWave = values["Inverse Throughput"]
    }
}

/// A compiler did not tell what it should.
package struct MissingStatistic: Error, CustomStringConvertible {
    var name: String
    var found: [String]

    package var description: String { "the compiler tells no '\(name)', but \(found.joined(separator: ", "))" }
}
