package import Placement
package import Quantities
package import Transformer

/// What a unit has loaded, and how much it could have.
package struct UnitPlacement: Sendable {
    /// A model that takes requests.
    package struct Model: Sendable {
        package var configuration: ModelConfiguration
        package var profile: ModelProfile
        /// Whether it stays where it is.
        package var isFixed: Bool
    }

    package var name: String
    package var poolBytes: Int
    /// What all weights together may take.
    package var weightLimit: Int
    package var models: [Model]
}

extension ModelProfile {
    /// What placement knows of a network that the engine serves.
    ///
    /// - Parameters:
    ///   - costName: In the cost file.
    ///   - shape: Of its pages.
    ///   - weightBytes: As loaded; two for each parameter where absent.
    package init(_ network: Network, costName: String, shape: KVShape, weightBytes: Int? = nil) {
        self.init(
            costName: costName, parameters: Double(network.parameterCount), layers: network.blocks.count,
            hiddenSize: network.embeddingLength, heads: network.heads?.heads ?? 1,
            kvHeads: shape.layers.map(\.kvHeads).max() ?? 0, headSize: shape.page.headSize,
            weightBytes: weightBytes.map(Double.init),
            experts: network.blocks.lazy.compactMap(\.feedForward.mixture).first.map {
                .init(count: $0.experts, used: $0.used, parameters: Double(network.expertParameterCount))
            })
    }
}
