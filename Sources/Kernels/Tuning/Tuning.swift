package import Compute
import Foundation

/// The shapes that were measured to be best on one device, by product; the default for all others.
///
/// ```
/// let kernels = try KernelSet(device: device, tuning: tuning)
/// ```
package struct Tuning: Sendable, Hashable {
    /// By product. Those that are not here have the default.
    package private(set) var choices: [MatrixProduct: ShapeChoice] = [:]

    package init() {}

    /// The choice for `product`; setting the default forgets what was chosen.
    package subscript(product: MatrixProduct) -> ShapeChoice {
        get { choices[product] ?? ShapeChoice() }
        set { choices[product] = newValue == ShapeChoice() ? nil : newValue }
    }
}

// MARK: - Files

extension Tuning {
    /// What figures hold for: a device, its driver, what it is taken to be able to do, and the kernels.
    package struct Origin: Sendable, Hashable, Codable {
        package var device: String
        package var driver: String
        /// What shapes follow from, in words.
        package var limits: String
        /// A digest of the sources.
        package var kernels: String

        /// - Parameter kernels: a digest of the sources; the program's own by default.
        package init(_ device: any Device, kernels: String = KernelLibrary.digest) {
            let description = device.description, limits = device.limits
            self.device = "\(description.api.rawValue) \(description.name)"
            driver = description.driver
            self.kernels = kernels
            let matrix = limits.matrix.map { "\($0.rows)x\($0.columns)x\($0.depth)" }
            self.limits = [
                "\(limits.vectorWidth) wide", "groups of \(limits.groupSize) to \(limits.maxGroupSize)",
                "subgroups of \(limits.subgroupSize)", "\(limits.sharedMemoryBytes) bytes shared",
                matrix.map { "matrix units \($0)" } ?? "no matrix units",
                limits.prefersIntegerProducts ? "products of bytes" : "products of floats",
            ].joined(separator: ", ")
        }
    }

    private struct File: Codable {
        var origin: Origin
        var shapes: [Entry]
    }

    private struct Entry: Codable {
        var product: MatrixProduct
        var shape: ShapeChoice
    }

    /// As a file, the same for the same choices.
    package func json(of origin: Origin) throws -> [UInt8] {
        let entries = choices.map { Entry(product: $0.key, shape: $0.value) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let sorted = entries.sorted {
            ($0.product.description, $0.shape.description) < ($1.product.description, $1.shape.description)
        }
        return Array(try encoder.encode(File(origin: origin, shapes: sorted)))
    }

    /// Reads a file for `device`.
    ///
    /// - Throws: `TuningFault` where it is of something else, is no such file, or has a shape that the device would not
    ///   be tried with.
    package init(json: [UInt8], for device: any Device, kernels: String = KernelLibrary.digest) throws(TuningFault) {
        let file: File
        do { file = try JSONDecoder().decode(File.self, from: Data(json)) } catch {
            throw .damaged("is no file of shapes")
        }
        let (found, own) = (file.origin, Origin(device, kernels: kernels))
        guard found.device == own.device else { throw .other("device", found.device) }
        guard found.driver == own.driver else { throw .other("driver", found.driver) }
        guard found.limits == own.limits else { throw .other("set of limits", found.limits) }
        guard found.kernels == own.kernels else { throw .other("version of the kernels", found.kernels) }
        for entry in file.shapes {
            let product = entry.product
            guard product.isPlausible,
                ShapeSpace(product, limits: device.limits, facts: device.facts).candidates.contains(entry.shape)
            else { throw .damaged("has a shape for \(product) that the device cannot have: \(entry.shape)") }
            self[product] = entry.shape
        }
    }
}

extension MatrixProduct {
    /// Whether there may be such a product; a file may hold anything.
    package var isPlausible: Bool {
        let sizes = 1...(1 << 24)
        return sizes.contains(depth) && sizes.contains(columns) && columns % 4 == 0
            && depth % format.depthMultiple == 0 && (0...2).contains(terms) && (terms == 0 || format.blocks != nil)
    }
}

/// Why a file of shapes is not used.
package enum TuningFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// What it is of another of, and which that is.
    case other(String, String)
    case damaged(String)

    package var description: String {
        switch self {
        case .other(let what, let name): "is of another \(what): \(name)"
        case .damaged(let reason): reason
        }
    }
}
