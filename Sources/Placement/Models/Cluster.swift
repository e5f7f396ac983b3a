/// The devices on which models are placed, by node; a mesh never leaves its node.
package struct Cluster: Hashable, Sendable, Codable {
    package var nodes: [Node]

    /// Devices of one kind that reach each other fast.
    package struct Node: Hashable, Sendable, Codable {
        package var devices: Int
        /// Of each device.
        package var memoryBytes: Double
        /// Speed relative to the device of the cost file.
        package var speed: Double

        package init(devices: Int, memoryBytes: Double = 80e9, speed: Double = 1) {
            self.devices = devices
            self.memoryBytes = memoryBytes
            self.speed = speed
        }
    }

    package init(nodes: [Node]) {
        self.nodes = nodes
    }

    /// `nodes` equal nodes.
    package init(nodes: Int, devicesPerNode: Int, memoryBytes: Double = 80e9, speed: Double = 1) {
        let node = Node(devices: devicesPerNode, memoryBytes: memoryBytes, speed: speed)
        self.init(nodes: Array(repeating: node, count: nodes))
    }

    package var deviceCount: Int { nodes.reduce(0) { $0 + $1.devices } }
}

/// A mesh as the estimator sees it: how many devices of which kind.
package struct MeshKind: Hashable, Sendable {
    package var devices: Int
    /// Of each device.
    package var memoryBytes: Double
    /// Speed relative to the device of the cost file.
    package var speed: Double

    package init(devices: Int, memoryBytes: Double = 80e9, speed: Double = 1) {
        self.devices = devices
        self.memoryBytes = memoryBytes
        self.speed = speed
    }
}
