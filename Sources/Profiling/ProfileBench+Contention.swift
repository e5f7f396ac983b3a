import Engine
import Placement
import Transformer

extension ProfileBench {
    /// The jobs whose slowing is measured. Chosen: half a standard chunk, and few short sequences, which any
    /// device holds.
    static let contending = (prefill: 128, batch: 4, length: 64)

    /// The slots that they need.
    static let contendingSlots = 2 * contending.batch + 2

    /// How jobs on one of two parts are slowed by jobs on the other.
    func contention() async throws -> PhaseContention {
        let (tokens, batch, length) = Self.contending
        let steps = [0, batch].map { Batch.steps(after: length, slots: $0..<$0 + batch) }
        let prompts = [2 * batch, 2 * batch + 1].map { Batch.prompts(tokens, slots: $0..<$0 + 1) }
        let decode = try await alone(steps[0], on: parts[0])
        let prefill = try await alone(prompts[0], on: parts[0])
        let mixed = try await together(steps[0], on: parts[0], prompts[1], on: parts[1])
        let decodes = try await together(steps[0], on: parts[0], steps[1], on: parts[1])
        let prefills = try await together(prompts[0], on: parts[0], prompts[1], on: parts[1])
        return PhaseContention(
            prefillBesidePrefill: (prefills.0 + prefills.1) / 2 / prefill, prefillBesideDecode: mixed.1 / prefill,
            decodeBesidePrefill: mixed.0 / decode, decodeBesideDecode: (decodes.0 + decodes.1) / 2 / decode)
    }

    /// How prefills on the whole device and decodes on a part slow each other.
    ///
    /// - Parameter part: what the first part is of the device, at most 1.
    func overlap(part: Double) async throws -> LaneOverlap {
        let (tokens, batch, length) = Self.contending
        let prompt = Batch.prompts(tokens, slots: batch..<batch + 1)
        let steps = Batch.steps(after: length, slots: 0..<batch)
        var (prefill, decode, prefillBeside, decodeBeside) = (0.0, 0.0, 0.0, 0.0)
        for _ in 0..<Self.rounds {
            prefill += try await alone(prompt, on: whole)
            decode += try await alone(steps, on: parts[0])
            let both = try await together(steps, on: parts[0], prompt, on: whole)
            (decodeBeside, prefillBeside) = (decodeBeside + both.0, prefillBeside + both.1)
        }
        return LaneOverlap(whole: prefillBeside / prefill, part: decodeBeside / decode, busyPart: 1 + part)
    }

    /// An operating system that gives cores to threads does so a little differently each time.
    private static let rounds = 3

    /// Seconds of a pass.
    private func alone(_ batch: Batch, on stream: MeasuredStream) async throws -> Double {
        Self.mean(try await stream.times(batch, for: seconds))
    }

    /// Seconds of a pass of either while both streams are at work.
    private func together(
        _ first: Batch, on stream: MeasuredStream, _ second: Batch, on other: MeasuredStream
    ) async throws -> (Double, Double) {
        let isOver = StopFlag()
        async let beside = other.times(second, until: isOver)
        let own = try await stream.times(first, for: seconds)
        isOver.set()
        return (Self.mean(own), Self.mean(try await beside))
    }

    /// Most passes beside others take as long as alone and some much longer: what counts is all of them together.
    private static func mean(_ times: [Double]) -> Double { times.reduce(0, +) / Double(times.count) }
}
