import ArgumentParser
import Chat
import Compute
import Engine
import Foundation
import GGUF
import Quantities
import Tokenization

/// `weft models show`: what is in a model file, and where it would fit.
struct ShowModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Say what a model file holds, what it needs, and which devices have that.",
        discussion: "Works for files that weft cannot run as well, and says why it cannot.")

    @Argument(help: "The model: a GGUF file, any part of one, or the name of one in the folder of models.")
    var model: String

    @Option(help: "Bytes of the pool of keys and values that the model would share; by default 512 MB.")
    var pool = UnitConfiguration(models: []).poolMegabytes << 20

    @Option(help: "Tokens of a sequence; by default, and at most, the file's context.")
    var context: Int?

    @Option(help: "What keys and values are stored as: f32, f16 or q8_0.")
    var kvType = KVType.f16

    @Flag(help: "Print JSON.")
    var json = false

    private struct Output: Encodable {
        var model: ModelSummary
        var kvBytesPerToken: Int?
        var stateBytes: Int?
        var kvType: KVType
        var pool: ModelMemory.Pool?
        var devices: [ModelMemory.Fit]
        /// Of devices that could not be opened, or none that was found.
        var failures: [String]
    }

    func validate() throws {
        guard 1...(1 << 50) ~= pool else { throw ValidationError("--pool must be between 1 and \(1 << 50) bytes") }
        guard (context ?? 1) > 0 else { throw ValidationError("--context must be at least 1") }
    }

    func run() throws {
        let file = try GGUFFile(path: Folders.model(model))
        let summary = try ModelSummary(file)
        let memory = ModelMemory(file, summary, kvType: kvType)
        let length = min(context ?? .max, summary.contextLength ?? .max)
        var output = Output(
            model: summary, kvBytesPerToken: memory.kvBytesPerToken, stateBytes: memory.stateBytes, kvType: kvType,
            pool: length == .max ? nil : memory.pool(bytes: pool, context: length), devices: [], failures: [])
        do {
            for device in try OpenDevice.inventory().devices {
                do { output.devices.append(memory.fit(on: try OpenDevice(device.selector).device, pool: pool)) } catch {
                    output.failures.append("\(device.selector): \(error)")
                }
            }
        } catch { output.failures.append("\(error)") }
        print(json ? try output.prettyJSON() : text(output))
    }

    private func text(_ output: Output) -> String {
        let model = output.model
        var lines = ["\(model.name ?? self.model)  \(model.architecture), \(model.obstacle ?? "runs on weft")"]
        func line(_ title: String, _ texts: String?...) {
            let text = texts.compactMap { $0 }.joined(separator: ", ")
            if !text.isEmpty { lines.append("  " + title.padding(toLength: 12, withPad: " ", startingAt: 0) + text) }
        }
        let parts = model.files == 1 ? "" : " in \(model.files) files"
        line("file", Self.bytes(model.fileBytes) + parts, Self.count(model.parameters) + " parameters")
        let types = model.types.map { "\($0.type) \(Self.bytes($0.bytes)) (\($0.tensors))" }
        line("tensors", types.joined(separator: ", "))
        line(
            "network", model.layers.map { "\($0) layers" }, model.embeddingLength.map { "embedding \($0)" },
            model.heads.map { "\(Self.text($0)) heads" + (model.headSize.map { size in " of \(size)" } ?? "") },
            model.kvHeads.map { "\(Self.text($0)) of keys and values" })
        line("context", model.contextLength.map { "\($0) tokens" })
        line("vocabulary", model.vocabularySize.map { "\($0) tokens" }, model.tokenizer)
        line("chat", Self.chat(model))
        let most = model.obstacle == nil ? "" : "at most "
        line(
            "cache", output.kvBytesPerToken.map { "\(most)\(Self.bytes($0)) a token in \(output.kvType.rawValue)" },
            output.stateBytes.flatMap { $0 > 0 ? "\(Self.bytes($0)) a sequence" : nil },
            output.pool.map {
                "\(Self.bytes($0.bytes)) hold \($0.tokens) tokens: \($0.sequences) sequences of \($0.context)"
            })
        lines.append("devices")
        lines += output.devices.map { "  \($0.device) \($0.name): \(text($0))" } + output.failures.map { "  \($0)" }
        return lines.joined(separator: "\n")
    }

    private func text(_ fit: ModelMemory.Fit) -> String {
        if let obstacle = fit.obstacle { return "does not fit: \(obstacle)" }
        return "fits: \(Self.bytes(fit.weightBytes)) of weights and a pool of \(Self.bytes(pool)), of "
            + "\(Self.bytes(fit.availableBytes)) that are free"
    }

    private static func chat(_ model: ModelSummary) -> String? {
        if let fault = model.chatTemplateFault { return fault }
        guard let features = model.chatTemplate else { return "no template" }
        let texts = [
            (features.systemMessage, "system message"), (features.tools, "tools"),
            (features.enableThinking, "enable_thinking"),
        ]
        let has = texts.filter(\.0).map(\.1)
        return (has.isEmpty ? ["plain turns"] : has).joined(separator: ", ")
            + (model.otherChatTemplates.isEmpty ? "" : "; others: " + model.otherChatTemplates.joined(separator: ", "))
    }

    private static func text(_ number: ModelSummary.PerLayer) -> String {
        switch number {
        case .same(let number): "\(number)"
        case .each(let numbers): Set(numbers).sorted().map { "\($0)" }.joined(separator: " or ")
        }
    }

    /// `98.9 MB`, in steps of 1,024.
    static func bytes(_ count: Int) -> String {
        let units = ["bytes", "KB", "MB", "GB", "TB"]
        var (value, unit) = (Double(count), 0)
        while value >= 1024, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
        return unit == 0 ? "\(count) bytes" : String(format: "%.\(value < 100 ? 1 : 0)f \(units[unit])", value)
    }

    /// `135 million`.
    static func count(_ count: Int) -> String {
        let (value, unit) = count < 1_000_000_000 ? (Double(count) / 1e6, "million") : (Double(count) / 1e9, "billion")
        return String(format: "%.\(value < 100 ? 1 : 0)f ", value) + unit
    }
}
