import Workloads

/// What a workload file asks of one model.
struct ModelLoad {
    /// Where the model stands in the file.
    let field: YAMLField
    let name: String
    let rate: Double
    let prompts: LengthField
    let outputs: LengthField

    var model: WorkloadModel {
        WorkloadModel(name: name, rate: rate, prompts: prompts.distribution, outputs: outputs.distribution)
    }

    /// All models of a file, at least one, each name once.
    static func list(_ root: YAMLField) throws(FileError) -> [ModelLoad] {
        let list = try root.field("models")
        let entries = try list.elements()
        if entries.isEmpty { throw list.error("names no model") }
        let rates = try rates(of: entries, root)
        let prompt = try root.positive(or: 161, "avg_prompt_len", LengthField.means)
        let output = try root.positive(or: 337, "avg_output_len", LengthField.means)
        var loads: [ModelLoad] = []
        for (entry, rate) in zip(entries, rates) {
            let name = try entry.field("name").string()
            if loads.contains(where: { $0.name == name }) {
                throw try entry.field("name").error("'\(name)' is given twice")
            }
            loads.append(
                ModelLoad(
                    field: entry, name: name, rate: rate, prompts: try LengthField(promptsOf: entry, mean: prompt),
                    outputs: try LengthField(outputsOf: entry, mean: output)))
        }
        return loads
    }

    private static func rates(of entries: [YAMLField], _ root: YAMLField) throws(FileError) -> [Double] {
        guard let alpha = try root.optional("alpha") else {
            var rates: [Double] = []
            for entry in entries { rates.append(try entry.field("rate").positive(WorkloadModel.rates)) }
            return rates
        }
        for entry in entries {
            if let rate = try entry.optional("rate") { throw rate.error("contradicts alpha, which gives all rates") }
        }
        let total = try root.field("rate").positive(WorkloadModel.rates)
        let rates = PowerLaw(alpha: try alpha.positive(1e-3...1e3), totalRate: total, count: entries.count)
            .rates(count: entries.count)
        guard rates.allSatisfy(WorkloadModel.rates.contains) else {
            throw alpha.error("makes the coldest model's rate \(rates.min() ?? 0), less than any model may have")
        }
        return rates
    }
}
