package import Compute
import Foundation

/// A fault of a driver that is known: cases that it fails are no news, cases that it passes are.
package struct Expectation: Sendable, Codable, Hashable {
    package var api: DeviceAPI
    /// A part of the device's name.
    package var device: String
    /// The beginning of the driver's version; `nil` for every version.
    package var driver: String?
    package var kernel: String
    /// Words of the case, such as options' values, or the fallback; a case must have all of them.
    package var options: [String]
    /// What the driver does wrong, and where that is told.
    package var reason: String

    package init(
        api: DeviceAPI, device: String, driver: String? = nil, kernel: String, options: [String] = [], reason: String
    ) {
        self.api = api
        self.device = device
        self.driver = driver
        self.kernel = kernel
        self.options = options
        self.reason = reason
    }

    /// The faults that are known, of `expectations.json`.
    /// - Throws: `DecodingError` where the file is malformed.
    package static func known() throws -> [Expectation] {
        try decode(PackageResources.expectations_json)
    }

    /// - Throws: `DecodingError`.
    package static func decode(_ json: [UInt8]) throws -> [Expectation] {
        try JSONDecoder().decode([Expectation].self, from: Data(json))
    }

    /// Whether a case on a device is expected to fail.
    package func covers(
        _ description: DeviceDescription, kernel: String, fallback: Fallback, case text: String
    ) -> Bool {
        api == description.api && description.name.lowercased().contains(device.lowercased())
            && description.driver.hasPrefix(driver ?? "") && kernel == self.kernel
            && options.allSatisfy { $0 == fallback.rawValue || text.split(separator: " ").contains(Substring($0)) }
    }
}
