import CVulkan
package import Compute

extension VulkanDevice {
    package var partitioning: Partitioning {
        if Lavapipe.isDevice(physical.properties), limits.importsHostMemory, limits.computeUnits > 1 {
            return .instances
        }
        return queueFamily.queueCount > 1 ? .queues : .budget
    }

    /// Divides the device: connections of their own to a CPU driver that can be told how many cores to use, else
    /// queues.
    package func partition(into units: [Int]) throws(ComputeError) -> DevicePartition {
        guard !units.isEmpty, units.allSatisfy({ $0 > 0 }) else {
            throw .unsupported(device: description.name, reason: "it cannot be divided into \(units)")
        }
        return try partitioning == .instances ? divideIntoInstances(units) : divideIntoQueues(units)
    }

    private func divideIntoInstances(_ units: [Int]) throws(ComputeError) -> DevicePartition {
        guard units.reduce(0, +) <= limits.computeUnits else {
            throw .unsupported(
                device: description.name, reason: "it has \(limits.computeUnits) compute units, not \(units) to divide")
        }
        var parts: [any Device] = []
        for units in units {
            let (instance, physical) = try Lavapipe.withCores(units) { () throws(ComputeError) in
                try VulkanInstance.finding(description.name, beside: self.instance)
            }
            let logical = try LogicalDevice(physical, queueFamily, .alone, in: instance)
            var limits = limits
            limits.computeUnits = units
            parts.append(
                try VulkanDevice(
                    physical, logical, queue: 0, queueFamily, limits: limits, in: instance,
                    cacheDirectory: cacheDirectory))
        }
        return DevicePartition(whole: self, parts: parts)
    }

    /// The whole device has a queue of its own, where there are enough.
    private func divideIntoQueues(_ units: [Int]) throws(ComputeError) -> DevicePartition {
        let plan = QueuePlan(queueFamily, weights: units + [1])
        let logical = try LogicalDevice(physical, queueFamily, plan, in: instance)
        func part(_ queue: Int) throws(ComputeError) -> VulkanDevice {
            try VulkanDevice(
                physical, logical, queue: queue, queueFamily, limits: limits, in: instance,
                cacheDirectory: cacheDirectory)
        }
        var parts: [any Device] = []
        for queue in plan.queues { parts.append(try part(queue)) }
        return DevicePartition(whole: parts.removeLast(), parts: parts)
    }
}

extension VulkanInstance {
    /// One more connection, and the device `name` as it offers it.
    fileprivate static func finding(
        _ name: String, beside other: VulkanInstance
    ) throws(ComputeError) -> (VulkanInstance, PhysicalDevice) {
        let instance = try VulkanInstance(beside: other)
        guard let device = try instance.physicalDevices().first(where: { $0.description.name == name }) else {
            throw .failed(device: name, call: "vkEnumeratePhysicalDevices", code: 0)
        }
        return (instance, device)
    }
}
