import ArgumentParser
import Compute
import ShaderTesting
import Synchronization

struct ShadersTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Compare every kernel with its reference on every device.",
        discussion: """
            Each variant of each kernel runs over ragged shapes and random ones, with every optional feature of the device \
            on and then with each switched off. Fails if any result is further off than its bound, differs from run to \
            run, or lies where none belongs.
            """)

    @Option(help: "Only this device: vulkan or opencl, alone or with :INDEX or :PART-OF-NAME. Default: all.")
    var device: String?

    @Option(help: "Only this kernel: \(ShaderSuite.kernels.joined(separator: ", ")).")
    var kernel: String?

    @Flag(help: "A short part of all cases.")
    var quick = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if let kernel, !ShaderSuite.kernels.contains(kernel) {
            throw ValidationError(
                "unknown kernel '\(kernel)'; known are \(ShaderSuite.kernels.joined(separator: ", "))")
        }
    }

    func run() throws {
        let descriptions = try device.map { [try OpenDevice($0).device.description] } ?? OpenDevice.devices()
        let suite = ShaderSuite(kernel: kernel, isQuick: quick)
        let expectations = try Expectation.known()
        let progress = Progress("testing")
        let opened = OpenedDevices()
        var reports: [DeviceReport] = []
        for description in descriptions {
            let tested = TestedDevice(description) { try opened.open(description.selector, $0) }
            var test = DeviceTest(tested, suite: suite, expectations: expectations)
            reports.append(test.run { progress.show($0, $1) })
            if !json, let report = reports.last { print(ShaderTable(report).text) }
            try opened.checkValidation()
        }
        if json { print(try reports.prettyJSON()) }
        if !reports.allSatisfy(\.hasPassed) { throw ExitCode.failure }
    }
}

/// Devices that were opened for a test, each with other features, to be asked for complaints of the validation layer.
private final class OpenedDevices: Sendable {
    private let devices = Mutex<[OpenDevice]>([])

    func open(_ selector: String, _ adjust: (inout DeviceLimits) -> Void) throws -> any Device {
        let open = try OpenDevice(selector, triesUnits: false, limits: adjust)
        devices.withLock { $0.append(open) }
        return open.device
    }

    func checkValidation() throws {
        let devices = devices.withLock { devices in
            defer { devices = [] }
            return devices
        }
        for device in devices { try device.checkValidation() }
    }
}
