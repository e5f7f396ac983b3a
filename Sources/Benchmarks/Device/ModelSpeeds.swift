package import Reporting

/// How fast a device runs a model, as `weft bench model` measures it.
package struct ModelSpeeds: Sendable, Codable {
    package var model: String
    package var device: String
    package var layers: Int
    /// Of what every step reads, as the file has it.
    package var weightByteCount: Int
    /// Until the first pass could begin; with everything compiled.
    package var loadSeconds: Double
    /// Tokens of each prompt.
    package var prompt: Int
    /// Tokens that each sequence decodes.
    package var decode: Int
    package var runs: [Run] = []

    /// Medians over a batch; tokens are those of all its sequences.
    package struct Run: Sendable, Codable {
        package var batch: Int
        /// How often the prompts were computed.
        package var prefills: Int
        /// How many tokens were decoded: fewer than asked for where they were slow.
        package var steps: Int
        package var prefillTokensPerSecond: Double
        package var decodeTokensPerSecond: Double
        /// Billions of bytes of weights that decoding reads a second, each once a step.
        package var weightGigabytesPerSecond: Double

        package init(
            batch: Int, prefills: Int, steps: Int, prefillTokensPerSecond: Double, decodeTokensPerSecond: Double,
            weightGigabytesPerSecond: Double
        ) {
            self.batch = batch
            self.prefills = prefills
            self.steps = steps
            self.prefillTokensPerSecond = prefillTokensPerSecond
            self.decodeTokensPerSecond = decodeTokensPerSecond
            self.weightGigabytesPerSecond = weightGigabytesPerSecond
        }
    }

    package init(
        model: String, device: String, layers: Int, weightByteCount: Int, loadSeconds: Double, prompt: Int, decode: Int
    ) {
        self.model = model
        self.device = device
        self.layers = layers
        self.weightByteCount = weightByteCount
        self.loadSeconds = loadSeconds
        self.prompt = prompt
        self.decode = decode
    }

    /// A line on the model, and a table.
    package var text: String { about + "\n" + table.text }

    package var about: String {
        "\(model) on \(device): \(layers) layers, "
            + "\(FigureNumber.text(Double(weightByteCount) * 1e-9)) GB a step, loaded "
            + "in \(FigureNumber.text(loadSeconds, digits: 1)) s; prompts of \(prompt) tokens, \(decode) decoded"
    }

    package var table: TextTable {
        var table = TextTable(["batch", "prefill tokens/s", "decode tokens/s", "GB/s of weights"])
        for run in runs {
            table.add([
                "\(run.batch)", FigureNumber.text(run.prefillTokensPerSecond, digits: 1),
                FigureNumber.text(run.decodeTokensPerSecond, digits: 1),
                FigureNumber.text(run.weightGigabytesPerSecond),
            ])
        }
        return table
    }
}
