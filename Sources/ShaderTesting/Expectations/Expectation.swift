public import Compute
import Foundation

/// A fault of a driver that is known: cases that it fails are no news, cases that it passes are.
public struct Expectation: Sendable, Codable, Hashable {
    public var api: DeviceAPI
    /// A part of the device's name.
    public var device: String
    /// The beginning of the driver's version; `nil` for every version.
    public var driver: String?
    public var kernel: String
    /// A word of the case, such as an option's value, or the fallback; `nil` for all cases of the kernel.
    public var option: String?
    /// What the driver does wrong, and where that is told.
    public var reason: String

    public init(
        api: DeviceAPI, device: String, driver: String? = nil, kernel: String, option: String? = nil, reason: String
    ) {
        self.api = api
        self.device = device
        self.driver = driver
        self.kernel = kernel
        self.option = option
        self.reason = reason
    }

    /// The faults that are known, of `expectations.json`.
    /// - Throws: `DecodingError` where the file is malformed.
    public static func known() throws -> [Expectation] {
        try decode(PackageResources.expectations_json)
    }

    /// - Throws: `DecodingError`.
    public static func decode(_ json: [UInt8]) throws -> [Expectation] {
        try JSONDecoder().decode([Expectation].self, from: Data(json))
    }

    /// Whether a case on a device is expected to fail.
    public func covers(
        _ description: DeviceDescription, kernel: String, fallback: Fallback, case text: String
    ) -> Bool {
        api == description.api && description.name.lowercased().contains(device.lowercased())
            && description.driver.hasPrefix(driver ?? "") && kernel == self.kernel
            && (option.map { fallback.rawValue == $0 || text.split(separator: " ").contains(Substring($0)) } ?? true)
    }
}
