import ArgumentParser
import Compute
import Foundation
import Placement
import Server

/// `weft cluster`: the units of a plan on many machines, which Ray starts and watches.
struct ClusterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Serve a plan on many machines.",
        discussion: """
            The machines are a cluster of Ray's: `python3 -m pip install ray` on each, or name the Python that has it in \
            WEFT_PYTHON, and then `weft cluster node`. Requests go through `weft route`.
            """,
        subcommands: [Node.self, Up.self, Status.self, Replan.self, Logs.self, Down.self])

    struct Node: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make this machine a node of the cluster.",
            discussion: """
                One machine is the head, and the others name it with --address. Devices are numbered as they are named, \
                or else as `weft serve PLAN` numbers them.
                """)

        @Option(help: "The number by which plans know this machine.")
        var node: Int

        @Flag(help: "The machine that the others name.")
        var head = false

        @Option(help: "HOST:PORT of the head.")
        var address: String?

        @Option(help: "The address of this machine that the others reach.")
        var host: String?

        @Option(help: "Device 0 of this node, then device 1, and so on, as `weft serve --device` takes them.")
        var device: [String] = []

        @Option(help: "How many times as fast its devices are as the one of the cost file.")
        var speed = 1.0

        private struct Order: Encodable {
            var node: String
            var address, host: String?
            var devices: [String]
            var memoryGb, speed, version: String
        }

        func validate() throws {
            if head == (address != nil) { throw ValidationError("give either --head or --address HOST:PORT of it") }
            guard node >= 0, speed > 0, speed.isFinite else {
                throw ValidationError("--node must be 0 or more, and --speed positive")
            }
        }

        func run() throws {
            let selectors = device.isEmpty ? try OpenDevice.selectorsByPreference() : device
            // Placement takes the devices of a node for equal: what it knows of them holds for the least.
            let memory = try selectors.map { try OpenDevice($0, triesUnits: false).device.description.memoryByteCount }
            try ClusterProgram.run(
                "node",
                Order(
                    node: "\(node)", address: address, host: host, devices: selectors,
                    memoryGb: "\(Double(memory.min() ?? 0) / 1e9)", speed: "\(speed)", version: weftVersion))
        }
    }

    struct Up: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Serve a plan, in place of the one that is served.",
            discussion: """
                With --workload and --costs the models of a node that is lost are placed on the others, as `weft plan \
                --from PLAN --without-node N` does.
                """)

        @Argument(help: "The plan that `weft plan` wrote.")
        var plan: String

        @Option(help: "The URL of a router, as the nodes reach it; may be given several times.")
        var router: [String] = []

        @Option(help: "The file with the routers' secret; every node has it under this path.")
        var secret: String?

        @Option(help: "A file of keys that clients must have; every node has it under this path.")
        var keys: String?

        @Option(help: "The workload that was planned for.")
        var workload: String?

        @Option(help: "The costs that were planned with.")
        var costs: String?

        @Option(help: "The program on the nodes.")
        var weft = ClusterProgram.own

        @Option(help: "Seconds to wait until all units are ready; 0 returns at once.")
        var wait = 0.0

        private struct Order: Encodable {
            var plan: Plan
            var routers: [String]
            var secret, keys: String?
            var insecure: Bool
            var workload: String?
            var costs: CostFile?
            var weft, version: String
            var wait: Double
        }

        func validate() throws {
            if router.isEmpty { throw ValidationError("name a router with --router URL: `weft route` is one") }
            if let url = router.first(where: { !WorkerURL.isValid($0) }) {
                throw ValidationError("--router \(url): is no URL of a router, as http://10.0.0.1:8080")
            }
            if !(wait >= 0 && wait.isFinite) { throw ValidationError("--wait must be zero or more seconds") }
            if (workload == nil) != (costs == nil) { throw ValidationError("--workload and --costs go together") }
        }

        func run() throws {
            let order = Order(
                plan: try PlanningInputs.plan(plan), routers: router, secret: ClusterProgram.absolute(secret),
                keys: ClusterProgram.absolute(keys), insecure: keys == nil,
                workload: try workload.map { try PlanningInputs.text($0) }, costs: try costs.map { try CostFile($0) },
                weft: weft, version: weftVersion, wait: wait)
            try ClusterProgram.run("up", order)
        }
    }

    struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Tell how the units of the cluster stand.")

        @Flag(help: "Print JSON.")
        var json = false

        private struct Order: Encodable { var json: Bool }

        func run() throws { try ClusterProgram.run("status", Order(json: json)) }
    }

    struct Replan: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change the plan for another workload with few moves, and carry them out.")

        @Argument(help: "The models and their rates.")
        var workload: String

        @Option(help: "The costs; those of `weft cluster up` where absent.")
        var costs: String?

        private struct Order: Encodable {
            var workload: String
            var costs: CostFile?
        }

        func run() throws {
            let order = Order(
                workload: try PlanningInputs.text(workload), costs: try costs.map { try CostFile($0) })
            try ClusterProgram.run("replan", order)
        }
    }

    struct Logs: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the end of a unit's log.")

        @Argument(help: "The unit, as `weft cluster status` calls it.")
        var unit: String

        @Option(help: "How many lines.")
        var lines = 100

        private struct Order: Encodable {
            var unit: String
            var lines: Int
        }

        func validate() throws { if lines < 1 { throw ValidationError("--lines must be at least 1") } }

        func run() throws { try ClusterProgram.run("logs", Order(unit: unit, lines: lines)) }
    }

    struct Down: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Drain all units, and end what watches them.")

        @Option(help: "Seconds to wait until they are drained.")
        var wait = 60.0

        private struct Order: Encodable { var wait: Double }

        func run() throws { try ClusterProgram.run("down", Order(wait: wait)) }
    }
}

/// Costs that are read elsewhere: the ending says in which form they are.
private struct CostFile: Encodable {
    var name: String
    var text: String

    init(_ path: String) throws {
        _ = try PlanningInputs.costs(path)
        (name, text) = (path.hasSuffix(".csv") ? "costs.csv" : "costs.json", try PlanningInputs.text(path))
    }
}

/// The part of `weft cluster` that speaks to Ray, which only Python does.
enum ClusterProgram {
    /// This program's path.
    static var own: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }

    static func absolute(_ path: String?) -> String? { path.map { URL(filePath: $0).standardizedFileURL.path } }

    private struct Words<Order: Encodable>: Encodable {
        var command: String
        var order: Order
    }

    /// Has Python carry out an order, and ends with its status.
    ///
    /// - Throws: `ExitCode`; `CommandError` where there is no Python.
    static func run(_ command: String, _ order: some Encodable) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weft-cluster-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = [
            ("cluster.py", PackageResources.cluster_py), ("controller.py", PackageResources.controller_py),
            ("moves.py", PackageResources.moves_py), ("supervisor.py", PackageResources.supervisor_py),
        ]
        for (name, bytes) in files { try Data(bytes).write(to: folder.appending(path: name)) }
        let python = Process(), input = Pipe()
        let named = ProcessInfo.processInfo.environment["WEFT_PYTHON"] ?? "python3"
        python.executableURL = URL(filePath: "/usr/bin/env")
        python.arguments = [named, "-B", folder.appending(path: "cluster.py").path]
        python.standardInput = input
        try python.run()
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        // Python may have ended before it read: what it said is the reason then.
        signal(SIGPIPE, SIG_IGN)
        try? input.fileHandleForWriting.write(contentsOf: encoder.encode(Words(command: command, order: order)))
        try? input.fileHandleForWriting.close()
        python.waitUntilExit()
        guard python.terminationStatus == 0 else { throw ExitCode(python.terminationStatus) }
    }
}
