import ConfigurationFiles
import Workloads

/// What a workload file asks of one model.
struct ModelLoad {
    /// Where the model stands in the file.
    let field: Field
    let name: String
    let rate: Double
    let prompts: LengthField
    let outputs: LengthField

    var model: WorkloadModel {
        WorkloadModel(name: name, rate: rate, prompts: prompts.distribution, outputs: outputs.distribution)
    }

    private static let fields: Set<String> = [
        "name", "rate", "prompts", "outputs", "prompt_len", "output_len", "model", "profile",
    ]

    /// All models of a file, at least one, each name once.
    static func list(_ root: Field) throws(FileError) -> [ModelLoad] {
        let entries = try root.field("models").elements(eachWithOwn: "name")
        let rates = try rates(of: entries, root)
        // Of ShareGPT's conversations, as MuxServe cuts them.
        let prompt = try root.optional("avg_prompt_len")?.number(LengthField.means) ?? 161
        let output = try root.optional("avg_output_len")?.number(LengthField.means) ?? 337
        var loads: [ModelLoad] = []
        for (entry, rate) in zip(entries, rates) {
            try entry.allowOnly(fields)
            loads.append(
                ModelLoad(
                    field: entry, name: try entry.field("name").name(), rate: rate,
                    prompts: try LengthField(promptsOf: entry, mean: prompt),
                    outputs: try LengthField(outputsOf: entry, mean: output)))
        }
        return loads
    }

    private static func rates(of entries: [Field], _ root: Field) throws(FileError) -> [Double] {
        guard let alpha = try root.optional("alpha") else {
            var rates: [Double] = []
            for entry in entries { rates.append(try entry.field("rate").number(WorkloadModel.rates)) }
            return rates
        }
        for entry in entries {
            if let rate = try entry.optional("rate") { throw rate.error("contradicts alpha, which gives all rates") }
        }
        let total = try root.field("rate").number(WorkloadModel.rates)
        let rates = PowerLaw(alpha: try alpha.number(1e-3...1e3), totalRate: total, count: entries.count)
            .rates(count: entries.count)
        guard rates.allSatisfy(WorkloadModel.rates.contains) else {
            throw alpha.error("makes the coldest model's rate \(rates.min() ?? 0), less than any model may have")
        }
        return rates
    }
}
