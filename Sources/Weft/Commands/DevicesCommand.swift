import ArgumentParser
import Compute

struct DevicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "List the devices of this machine.")

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
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
}
