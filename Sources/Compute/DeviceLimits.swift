/// What a device can do, probed when it is opened. Every optional feature may be switched off in a copy, for tests.
package struct DeviceLimits: Sendable, Hashable, Codable {
    /// The largest buffer range that a kernel sees through one binding, in bytes.
    package var maxBindingSize: Int
    /// The largest single allocation, in bytes.
    package var maxAllocationSize: Int
    /// The most elements of 16 bytes that one texel view shows; 0 where texel loads are not worth using.
    package var maxTexelElements: Int
    /// Buffer bindings that one kernel may have.
    package var maxBindings: Int
    package var maxGroupSize: Int
    package var maxGroupCount: Int
    /// Bytes of parameters that a dispatch carries.
    package var maxParameterBytes: Int
    /// Invocations that run in lockstep, or 1 where subgroup arithmetic may not be used.
    package var subgroupSize: Int
    /// The group size that suits the device: its subgroup on CPU drivers, more on GPUs.
    package var groupSize: Int
    /// Width of a kernel's `vec`.
    package var vectorWidth: Int
    /// Bytes of memory that the lanes of a group share; 0 where it is no faster than other memory, as on CPUs.
    package var sharedMemoryBytes: Int
    /// Whether products with quantised weights are faster in whole numbers, with rows quantised before them.
    package var prefersIntegerProducts: Bool
    /// Whether kernels may add four products of bytes by one instruction, fast or not.
    package var hasDotProducts: Bool
    /// What the device's matrix units multiply at once; `nil` without any.
    package var matrix: MatrixShape?
    /// The parts that work at the same time and can be given to different lanes: cores of a CPU; 1 where none can.
    package var computeUnits: Int
    /// Whether kernels can work on memory of the host where it stands.
    package var importsHostMemory: Bool
    /// Whether the host works on such memory of the device as it sees; without, all goes through copies.
    package var seesDeviceMemory: Bool

    package init(
        maxBindingSize: Int, maxAllocationSize: Int, maxTexelElements: Int, maxBindings: Int, maxGroupSize: Int,
        maxGroupCount: Int, maxParameterBytes: Int, subgroupSize: Int, groupSize: Int, vectorWidth: Int,
        sharedMemoryBytes: Int = 0, prefersIntegerProducts: Bool = false,
        hasDotProducts: Bool = false, matrix: MatrixShape? = nil, computeUnits: Int = 1,
        importsHostMemory: Bool = false,
        seesDeviceMemory: Bool = true
    ) {
        self.maxBindingSize = maxBindingSize
        self.maxAllocationSize = maxAllocationSize
        self.maxTexelElements = maxTexelElements
        self.maxBindings = maxBindings
        self.maxGroupSize = maxGroupSize
        self.maxGroupCount = maxGroupCount
        self.maxParameterBytes = maxParameterBytes
        self.subgroupSize = subgroupSize
        self.groupSize = groupSize
        self.vectorWidth = vectorWidth
        self.sharedMemoryBytes = sharedMemoryBytes
        self.prefersIntegerProducts = prefersIntegerProducts
        self.hasDotProducts = hasDotProducts
        self.matrix = matrix
        self.computeUnits = computeUnits
        self.importsHostMemory = importsHostMemory
        self.seesDeviceMemory = seesDeviceMemory
    }
}

/// A product of matrices that the lanes of a subgroup compute together: halves, added to sums in single precision.
package struct MatrixShape: Sendable, Hashable, Codable {
    package var rows: Int
    package var columns: Int
    package var depth: Int

    package init(rows: Int, columns: Int, depth: Int) {
        self.rows = rows
        self.columns = columns
        self.depth = depth
    }
}

extension DeviceLimits {
    /// Bytes of each window that a buffer beyond `maxBindingSize` is cut into: a power of two, so that shifts find the
    /// window.
    package var windowBytes: Int { 1 << (Int.bitWidth - 1 - maxBindingSize.leadingZeroBitCount) }

    /// Passes for a GPU from now on: lanes of four, in groups that share memory. To try on CPU drivers what GPUs do.
    package mutating func actAsGPU(sharedMemoryBytes: Int = 32 << 10) {
        vectorWidth = 4
        groupSize = max(32, subgroupSize)
        maxTexelElements = 0
        prefersIntegerProducts = false
        self.sharedMemoryBytes = sharedMemoryBytes
    }

    /// Computes without matrix units and dot products from now on: for drivers that get them wrong.
    package mutating func dropUnits() {
        matrix = nil
        hasDotProducts = false
        prefersIntegerProducts = false
    }

    /// What every kernel needs and the device lacks; `nil` where it lacks nothing.
    package var fault: String? {
        let parameterBytes = 4 * (Parameters.capacity + 2)
        if maxBindings < 6 { return "kernels need 6 buffer bindings, and it has \(maxBindings)" }
        if maxParameterBytes < parameterBytes {
            return "kernels need \(parameterBytes) bytes of parameters, and it has \(maxParameterBytes)"
        }
        if maxGroupSize < groupSize || maxGroupCount < 1 {
            return "kernels need groups of \(groupSize), and it has at most \(maxGroupSize)"
        }
        if maxBindingSize < 1 << 14 { return "kernels need bindings of 16 KiB, and it has \(maxBindingSize) bytes" }
        return nil
    }
}
