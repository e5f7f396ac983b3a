/// The devices on which models are placed, by node; a mesh never leaves its node.
public struct Cluster: Hashable, Sendable, Codable {
    public var nodes: [Node]

    /// Devices of one kind that reach each other fast.
    public struct Node: Hashable, Sendable, Codable {
        public var devices: Int
        /// Of each device.
        public var memoryBytes: Double
        /// Speed relative to the device of the cost file.
        public var speed: Double

        public init(devices: Int, memoryBytes: Double = 80e9, speed: Double = 1) {
            self.devices = devices
            self.memoryBytes = memoryBytes
            self.speed = speed
        }
    }

    public init(nodes: [Node]) {
        self.nodes = nodes
    }

    /// `nodes` equal nodes.
    public init(nodes: Int, devicesPerNode: Int, memoryBytes: Double = 80e9, speed: Double = 1) {
        let node = Node(devices: devicesPerNode, memoryBytes: memoryBytes, speed: speed)
        self.init(nodes: Array(repeating: node, count: nodes))
    }

    public var deviceCount: Int { nodes.reduce(0) { $0 + $1.devices } }
}
