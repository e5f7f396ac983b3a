/// The times of all models of a cost file, smoothed and continuous.
package struct CostModel: Sendable {
    private let costs: [String: [Int: ModelCost]]
    /// By model.
    private let exchange: [String: ExchangeCost]

    /// - Complexity: O(cells), about 30 ms for 5,000 cells.
    package init(_ table: CostTable) {
        exchange = table.device?.exchange ?? [:]
        costs = table.grids.mapValues { grids in
            grids.compactMapValues { grid in
                let hasSteps = table.showsSteps
                guard let prefill = PhaseCost(grid, isPrefill: true, hasSteps: hasSteps),
                    let decode = PhaseCost(grid, isPrefill: false, hasSteps: hasSteps)
                else { return nil }
                return ModelCost(prefill: prefill, decode: decode)
            }
        }
    }

    /// The times of a model on `devices` devices.
    ///
    /// Where that number was not measured, the next smaller one that was stands in: more devices are not slower. Where
    /// it is known what their meetings take, they divide the work of those, and meet.
    /// - Throws: `CostError` where the cost file lacks the model.
    /// - Returns: `nil` where the model was measured on more devices only: it does not fit on fewer.
    package func costs(of model: String, devices: Int) throws(CostError) -> ModelCost? {
        guard let known = costs[model], !known.isEmpty else {
            throw CostError(unknownModel: model, known: costs.keys.sorted())
        }
        guard let nearest = known.filter({ $0.key <= devices }).max(by: { $0.key < $1.key }) else { return nil }
        guard nearest.key < devices, let exchange = exchange[model] else { return nearest.value }
        var cost = nearest.value
        let met = nearest.key > 1 ? exchange : nil, parts = Double(devices) / Double(nearest.key)
        cost.prefill.divide(among: parts, meeting: exchange, instead: met)
        cost.decode.divide(among: parts, meeting: exchange, instead: met)
        return cost
    }
}

/// The times of a model on some devices.
package struct ModelCost: Hashable, Sendable {
    /// Of a batch of prompts at once.
    package var prefill: PhaseCost
    /// Of one token for each sequence of a batch.
    package var decode: PhaseCost
}

/// A model that a cost file has nothing of.
package struct CostError: Error, Hashable, Sendable, CustomStringConvertible {
    package var model: String
    /// Models that it has.
    package var known: [String]

    package init(unknownModel model: String, known: [String]) {
        self.model = model
        self.known = known
    }

    package var description: String {
        "no costs of model \(model); the cost file has \(known.joined(separator: ", "))"
    }
}
