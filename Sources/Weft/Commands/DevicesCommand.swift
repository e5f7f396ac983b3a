import ArgumentParser
import Compute
import Engine
import Foundation
import Profiling
import Transformer

struct DevicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "List the devices of this machine.",
        discussion: """
            With --inventory, lists each physical device once, with the name that it keeps and the ways to reach it.
            With --isolation, measures how well lanes keep apart on one device: decode steps beside a prefill that never \
            ends, once with both on the whole device, once with half of it for each.
            """)

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "List physical devices, each once, by UUID or another name that it keeps.")
    var inventory = false

    @Flag(help: "Measure decode beside a saturating prefill, without and with shares.")
    var isolation = false

    @OptionGroup var device: DeviceOption

    @Option(help: "With --isolation: a GGUF file, or the name of one in the folder of models.")
    var model = "smollm2-135m-q4_1"

    @Option(help: "With --isolation: seconds of each measurement.")
    var seconds = 5.0

    func validate() throws {
        if inventory, isolation { throw ValidationError("--inventory and --isolation are two things to do") }
        guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds must be between 0 and 3600") }
    }

    func run() async throws {
        if isolation {
            try await measureIsolation()
        } else if inventory {
            try listPhysical()
        } else {
            try list()
        }
    }

    private func list() throws {
        let devices = try OpenDevice.devices()
        if json {
            print(try devices.prettyJSON())
            return
        }
        for device in devices {
            print("\(device.selector)  \(device.name)")
            print("    \(device.kind.rawValue), driver \(device.driver), \(device.memoryByteCount >> 20) MiB")
        }
    }

    private func listPhysical() throws {
        let inventory = try OpenDevice.inventory()
        if json {
            print(try inventory.devices.prettyJSON())
            return
        }
        for device in inventory.devices {
            print("\(device.id)  \(device.name)")
            print("    \(device.kind.rawValue), \(device.memoryByteCount >> 20) MiB")
            print("    through \(device.ways.map { "\($0.selector) (driver \($0.driver))" }.joined(separator: ", "))")
        }
    }

    private struct Output: Encodable {
        var device: String
        var partitioning: Partitioning
        var results: [IsolationProbe.Result]
    }

    private func measureIsolation() async throws {
        let file = try ModelFile(path: Folders.model(model))
        let open = try OpenDevice(device.device)
        let progress = Progress("loading")
        let packed = try PackedWeights(
            file.gguf, vectorWidth: open.device.limits.vectorWidth, cache: Folders.weights
        ) { progress.show($0) }
        let probe = try IsolationProbe(packed, on: open.device, seconds: seconds)
        var results: [IsolationProbe.Result] = []
        for arrangement in IsolationProbe.Arrangement.allCases {
            progress.show(Double(results.count) / Double(IsolationProbe.Arrangement.allCases.count), "measuring")
            results.append(try await probe.measure(arrangement))
        }
        let output = Output(
            device: open.device.description.name, partitioning: probe.partitioning, results: results)
        if json { print(try output.prettyJSON()) } else { report(output) }
        try open.checkValidation()
    }

    private func report(_ output: Output) {
        func text(_ value: Double, _ width: Int) -> String {
            let text = "\((value * 10).rounded() / 10)"
            return String(repeating: " ", count: max(0, width - text.count)) + text
        }
        print("\(output.device): shares are \(output.partitioning.rawValue)")
        print("                     decode p50    p99 ms   tokens/s   prefill tokens/s")
        for result in output.results {
            let name = result.arrangement.rawValue.padding(toLength: 20, withPad: " ", startingAt: 0)
            print(
                name, text(result.decodeMedian * 1e3, 10), text(result.decode99 * 1e3, 9),
                text(result.decodeTokensPerSecond, 10),
                result.prefillTokensPerSecond > 0 ? text(result.prefillTokensPerSecond, 18) : "")
        }
    }
}
