/// The times of all models of a cost file, smoothed and continuous.
package struct CostModel: Sendable {
    private let costs: [String: [Int: ModelCost]]

    /// - Complexity: O(cells), about 30 ms for 5,000 cells.
    package init(_ table: CostTable) {
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
    /// Where that number was not measured, the next smaller one that was stands in: more devices are not slower.
    /// - Throws: `CostError` where the cost file lacks the model.
    /// - Returns: `nil` where the model was measured on more devices only: it does not fit on fewer.
    package func costs(of model: String, devices: Int) throws(CostError) -> ModelCost? {
        guard let known = costs[model], !known.isEmpty else {
            throw CostError(unknownModel: model, known: costs.keys.sorted())
        }
        return known.filter { $0.key <= devices }.max { $0.key < $1.key }?.value
    }
}

/// The times of a model on some devices.
package struct ModelCost: Hashable, Sendable {
    /// Of a batch of prompts at once.
    package let prefill: PhaseCost
    /// Of one token for each sequence of a batch.
    package let decode: PhaseCost
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
