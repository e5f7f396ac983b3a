import Placement
import Quantities
import Reporting

/// What a plan promises, model by model, and why.
struct PlanExplanation {
    private let plan: Plan
    private let objective: ObjectiveName
    private let score: Double
    private let seconds: Double

    init(_ plan: Plan, _ objective: ObjectiveName, score: Double, seconds: Double) {
        self.plan = plan
        self.objective = objective
        self.score = score
        self.seconds = seconds
    }

    var text: String {
        var table = TextTable(["unit", "devices", "model", "rate", "served", "prefill %", "decode %", "why"])
        for unit in plan.units {
            for model in unit.models {
                table.add([
                    unit.name, "\(unit.devices.count)", model.name, FigureNumber.text(model.rate),
                    FigureNumber.text(model.estimatedThroughput), "\(model.shares.prefill.percent)",
                    "\(model.shares.decode.percent)",
                    reason(model),
                ])
            }
        }
        let rate = plan.units.flatMap(\.models).reduce(0) { $0 + $1.rate }
        let figure = FigureNumber.text(score, digits: 3)
        return table.text
            + "objective \(objective.rawValue) \(figure); serves \(FigureNumber.text(plan.estimatedThroughput)) of "
            + "\(FigureNumber.text(rate)) requests/s; found in \(FigureNumber.text(seconds)) s\n"
    }

    private func reason(_ model: PlannedModel) -> String {
        model.estimatedThroughput >= 0.999 * model.rate
            ? "\(model.shares.decode.percent) % is the least share that sustains its rate"
            : "misses \(FigureNumber.text(model.rate - model.estimatedThroughput)) requests/s"
    }
}
