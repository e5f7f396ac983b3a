import ArgumentParser
import Compute
import ComputeCUDA
import ComputeOpenCL
import ComputeVulkan
import Engine
import Foundation
import Kernels
import Logging
import ShaderTesting
import Synchronization

/// The device that a command works on, and the Vulkan instance behind it if it is one of Vulkan's.
struct OpenDevice {
    let device: any Device
    /// Why it is this one, where none was named.
    let reason: String
    private let instance: VulkanInstance?

    /// - Parameters:
    ///   - name: as the user wrote it, with `#1/2` after it for the first of two parts; `nil` for the default device.
    ///   - triesUnits: whether to find out if it is right on matrix units and by dot products, and do without if it is
    ///     not.
    ///   - adjust: changes what the device is taken to be able to do, to test the fallbacks.
    /// - Throws: `ComputeError`, which names what is wrong with the device or its name.
    init(_ name: String?, triesUnits: Bool = true, limits adjust: (inout DeviceLimits) -> Void = { _ in }) throws {
        let selector: DeviceSelector
        var part: DevicePart?
        if let name {
            let words = name.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            selector = try Self.selector(String(words[0]))
            if words.count > 1 {
                part = DevicePart(words[1])
                guard part != nil else {
                    throw CommandError("\(name): #\(words[1]) is no part of a device; #1/2 is the first of two")
                }
            }
            reason = "asked for"
        } else {
            let choice = try Self.defaultDevice()
            selector = DeviceSelector(api: choice.description.api, which: .index(choice.description.index))
            reason = choice.reason
        }
        let wish = ProcessInfo.processInfo.environment["WEFT_INTEGER_PRODUCTS"]
        let actsAsGPU = ProcessInfo.processInfo.environment["WEFT_SHAPES"] == "gpu"
        func limits(_ limits: inout DeviceLimits) {
            if actsAsGPU { limits.actAsGPU() }
            if let wish { limits.prefersIntegerProducts = wish == "1" }
            adjust(&limits)
        }
        var (device, instance) = try Self.open(selector, limits)
        if triesUnits, let fault = try SelfTest.faultOfUnits(KernelSet(device: device)) {
            Logger(label: "weft").warning(
                "\(fault.device) does without matrix units and dot products: kernel \(fault.kernel): \(fault.fault)")
            (device, instance) = try Self.open(selector) {
                limits(&$0)
                $0.dropUnits()
            }
        }
        (self.device, self.instance) = (try part?.of(device) ?? device, instance)
    }

    private static func open(
        _ selector: DeviceSelector, _ limits: (inout DeviceLimits) -> Void
    ) throws -> (any Device, VulkanInstance?) {
        switch selector.api {
        case .vulkan:
            let instance = try Self.instance()
            return (
                try VulkanDevice(selector, in: instance, cacheDirectory: Folders.kernels, limits: limits), instance
            )
        case .opencl:
            let device = try OpenCLDevice(
                selector, in: OpenCLPlatforms(), cacheDirectory: Folders.kernels, limits: limits)
            return (device, nil)
        case .cuda:
            let device = try CUDADevice(selector, in: CUDAPlatform(), cacheDirectory: Folders.kernels, limits: limits)
            return (device, nil)
        }
    }

    /// - Parameter name: `API`, `API:INDEX` or `API:NAME`, or the name that the inventory gives a physical device.
    private static func selector(_ name: String) throws -> DeviceSelector {
        do throws(ComputeError) { return try DeviceSelector(name) } catch {
            guard let device = try? inventory()[name] else { throw error }
            return try DeviceSelector(device.selector)
        }
    }

    /// The device that is used where none is named. Takes seconds where a GPU is reached in two ways: each is measured,
    /// once in the process.
    private static func defaultDevice() throws -> DefaultDevice {
        try DefaultDevice(from: devices()) { description in
            measured.withLock { measured in
                if let known = measured[description.selector] { return known }
                let seconds = try? SelfTest.seconds(KernelSet(device: OpenDevice(description.selector).device))
                measured[description.selector] = .some(seconds)
                return seconds
            }
        }
    }

    /// Seconds of the measured self-test; `nil` where it failed.
    private static let measured = Mutex<[String: Double?]>([:])

    /// The devices of all APIs.
    /// - Throws: `ComputeError.unavailable` where no API offers any, with the reason of the first.
    static func devices() throws -> [DeviceDescription] { try probe().map(\.description) }

    /// The physical devices behind those of all APIs.
    /// - Throws: as `devices`.
    static func inventory() throws -> DeviceInventory { DeviceInventory(try probe()) }

    private static func probe() throws -> [ProbedDevice] {
        let found = [
            Result { try Self.instance().probe() },
            Result { try OpenCLPlatforms().probe() },
            Result { try CUDAPlatform().probe() },
        ]
        let devices = found.flatMap { (try? $0.get()) ?? [] }
        if devices.isEmpty { for result in found { _ = try result.get() } }
        return devices
    }

    /// What opens each physical device of this machine, in the order in which a plan numbers them: as `WEFT_DEVICES` in
    /// the environment says, which has commas between them; else the default device, then the others as the inventory
    /// has them, GPUs before drivers of the CPU.
    static func selectorsByPreference() throws -> [String] {
        if let named = ProcessInfo.processInfo.environment["WEFT_DEVICES"] {
            return named.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let choice = try defaultDevice().description.selector
        let others = try inventory().devices.filter { device in !device.ways.contains { $0.selector == choice } }
        return [choice] + (others.filter { $0.kind != .cpu } + others.filter { $0.kind == .cpu }).map(\.selector)
    }

    /// The shapes that `weft tune` found for the device, said in one line of the log.
    var tuning: Tuning { Folders.usedTunings?.tuning(for: device, saidTo: Logger(label: "weft")) ?? Tuning() }

    /// With `WEFT_VALIDATION=1` in the environment the validation layer watches every Vulkan call.
    private static func instance() throws -> VulkanInstance {
        try VulkanInstance(validates: ProcessInfo.processInfo.environment["WEFT_VALIDATION"] == "1")
    }

    /// - Throws: `CommandError` with what the validation layer complained of.
    func checkValidation() throws {
        guard let instance, let first = instance.validationMessages.first else { return }
        throw CommandError("\(instance.validationMessages.count) validation messages; the first: \(first)")
    }
}

/// `--device`, alike in every command.
struct DeviceOption: ParsableArguments {
    @Option(
        help: """
            The device: vulkan, opencl or cuda, alone or with :INDEX or :PART-OF-NAME, and with #1/2 for the first of \
            two parts of it; by default the fastest.
            """)
    var device: String?
}
