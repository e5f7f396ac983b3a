import Quantities
package import Reporting

/// How fast a mesh runs a model beside one device, as `weft bench mesh` measures it: all by turns, in rounds.
package struct MeshSpeeds: Sendable, Encodable {
    package var model: String
    package var device: String
    package var mesh: String
    /// Devices of the mesh.
    package var ranks: Int
    /// In which the devices show each other what they computed, in every pass.
    package var meetings: Int
    /// How they show it: a value of `Exchange.Way`.
    package var way: String
    /// Tokens of a prompt.
    package var prompt: Int
    /// Seconds of every round, on the one device first.
    package var single: Times
    package var meshes: [Delayed]

    /// Seconds of a prefill and of a decode step, one of each for each round.
    package struct Times: Sendable, Encodable {
        package var prefill: [Double] = []
        package var decode: [Double] = []

        package init() {}

        package var medians: (prefill: Double, decode: Double) {
            (prefill.median() ?? .infinity, decode.median() ?? .infinity)
        }
    }

    /// A mesh each of whose meetings takes longer.
    package struct Delayed: Sendable, Encodable {
        package var delayMicroseconds: Double
        package var times = Times()
        /// Seconds that were to be expected of the mesh without delay.
        package var predicted: (prefill: Double, decode: Double)?

        package init(delayMicroseconds: Double) { self.delayMicroseconds = delayMicroseconds }

        private enum CodingKeys: String, CodingKey { case delayMicroseconds, times, predictedPrefill, predictedDecode }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(delayMicroseconds, forKey: .delayMicroseconds)
            try container.encode(times, forKey: .times)
            try container.encodeIfPresent(predicted?.prefill, forKey: .predictedPrefill)
            try container.encodeIfPresent(predicted?.decode, forKey: .predictedDecode)
        }
    }

    package init(
        model: String, device: String, mesh: String, ranks: Int, meetings: Int, way: String, prompt: Int,
        delays: [Double]
    ) {
        (self.model, self.device, self.mesh) = (model, device, mesh)
        (self.ranks, self.meetings, self.way, self.prompt) = (ranks, meetings, way, prompt)
        single = Times()
        meshes = delays.map { Delayed(delayMicroseconds: $0) }
    }

    /// A line on what was measured, and a table.
    package var text: String {
        "\(model): \(mesh), \(meetings) \(way) meetings a pass, beside \(device); prompts of \(prompt) tokens\n"
            + table.text
    }

    package var table: TextTable {
        var table = TextTable([
            "meetings take", "prefill tokens/s", "beside one", "predicted", "decode tokens/s", "beside one",
            "predicted",
        ])
        let (prefill, decode) = single.medians
        table.add(["one device", speed(prefill, prompt), "", "", speed(decode, 1), "", ""])
        for mesh in meshes {
            let own = mesh.times.medians
            table.add([
                "\(FigureNumber.text(mesh.delayMicroseconds, digits: 0)) us more", speed(own.prefill, prompt),
                ratio(prefill / own.prefill), off(mesh.predicted?.prefill, own.prefill), speed(own.decode, 1),
                ratio(decode / own.decode), off(mesh.predicted?.decode, own.decode),
            ])
        }
        return table
    }

    private func speed(_ seconds: Double, _ tokens: Int) -> String {
        FigureNumber.text(Double(tokens) / seconds, digits: 1)
    }

    private func ratio(_ value: Double) -> String { "\(FigureNumber.text(value, digits: 2))x" }

    /// By how much the prediction is off.
    private func off(_ predicted: Double?, _ measured: Double) -> String {
        guard let predicted else { return "" }
        let percent = 100 * (predicted / measured - 1)
        return "\(percent < 0 ? "" : "+")\(FigureNumber.text(percent, digits: 1)) %"
    }
}
