import Access
import ArgumentParser
import ConfigurationFiles
import Engine
import Foundation
import GGUF
import Logging
import Transformer

/// `weft config`: what a server would make of its configuration.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Look into configurations of servers.", subcommands: [Check.self])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a configuration without serving it.",
            discussion: """
                Reads it as `weft serve` does, with the files of keys and certificates that it names, opens its devices, \
                and reads every model's file but not its weights. All faults are told; the status is 1 if there are any.
                """)

        @Argument(help: "A configuration, or a plan that `weft plan` wrote.")
        var config: String

        func run() throws {
            let configuration = try ServeCommand.read(config)
            var faults = Self.faults(of: configuration, in: ServeCommand.folder(of: config))
            for unit in configuration.units {
                do { _ = try OpenMesh(unit.devices) } catch { faults.append("unit \(unit.name): device: \(error)") }
            }
            let models = configuration.units.reduce(0) { $0 + $1.models.count }
            guard faults.isEmpty else {
                for fault in faults { print(fault) }
                throw ExitCode.failure
            }
            print("\(config) is right: \(models) models on \(configuration.units.count) units")
        }

        /// What is wrong with the files that a configuration names.
        ///
        /// - Parameter folder: what paths of keys and certificates are relative to.
        static func faults(of configuration: ServeConfiguration, in folder: URL) -> [String] {
            var faults: [String] = []
            func check(_ place: String, _ body: () throws -> Void) {
                do { try body() } catch { faults.append("\(place): \(error)") }
            }
            check("access") {
                let quiet = Logger(label: "weft") { _ in SwiftLogNoOpLogHandler() }
                _ = try ServeCommand.settings(of: configuration, in: folder, logger: quiet)
            }
            for unit in configuration.units {
                let ranks = max(1, unit.devices.count)
                for model in unit.models {
                    check("model \(model.name)") {
                        let path = URL(filePath: model.path, relativeTo: URL(filePath: Folders.models + "/")).path
                        _ = try Network(GGUFFile(path: path)).cut(into: unit.shards ?? ranks, ranks: ranks)
                    }
                }
            }
            return faults
        }
    }
}
