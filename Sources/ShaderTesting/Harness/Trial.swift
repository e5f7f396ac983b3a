import Compute
import Kernels

/// One dispatch with its buffers and what it should write.
struct Trial {
    var inputs: [TestBuffer]
    var outputs: [Output]
    /// How many roundings a result goes through.
    var roundings: Int
    var encode: (any Commands) -> Void

    struct Output {
        var buffer: TestBuffer
        /// In any order; every other word must stay as it was.
        var expected: [ExpectedResult]
    }

    /// Runs the dispatch `times` times, each from the same state, and checks all that a kernel owes.
    func run(on bench: Workbench, times: Int) throws(Fault) -> Accuracy {
        var accuracy = Accuracy()
        var first: [[UInt32]] = []
        for run in 0..<times {
            let written = try dispatch(on: bench, isFirst: run == 0)
            guard run > 0 else {
                for (output, words) in zip(outputs, written) {
                    accuracy.merge(try output.check(words, roundings: roundings, isIEEE: bench.isIEEE))
                }
                first = written
                continue
            }
            for (index, words) in written.enumerated() where words != first[index] {
                let word = words.firstDifference(from: first[index])
                throw .notRepeatable(buffer: outputs[index].buffer.label, word: word, run: run + 1)
            }
        }
        for input in inputs {
            let words = try read(input)
            guard words == input.words else {
                throw .changedInput(buffer: input.label, word: words.firstDifference(from: input.words))
            }
        }
        return accuracy
    }

    private func dispatch(on bench: Workbench, isFirst: Bool) throws(Fault) -> [[UInt32]] {
        do throws(ComputeError) {
            if !isFirst { for output in outputs { try output.buffer.restore() } }
            try bench.lane.run { encode($0) }
            return try outputs.map { output throws(ComputeError) in try output.buffer.contents() }
        } catch { throw .device(error) }
    }

    private func read(_ buffer: TestBuffer) throws(Fault) -> [UInt32] {
        do throws(ComputeError) { return try buffer.contents() } catch { throw .device(error) }
    }
}

extension Trial.Output {
    fileprivate func check(_ words: [UInt32], roundings: Int, isIEEE: Bool) throws(Fault) -> Accuracy {
        var untouched = buffer.words
        for result in expected { for word in result.places { untouched[word] = words[word] } }
        guard words == untouched else {
            throw .strayWrite(buffer: buffer.label, word: words.firstDifference(from: untouched))
        }
        return try Accuracy(
            of: words, in: buffer.label, expected: expected, roundings: roundings, isIEEE: isIEEE)
    }
}

extension [UInt32] {
    /// The first place where two arrays of the same length differ, their length if none.
    func firstDifference(from other: [UInt32]) -> Int {
        indices.first { self[$0] != other[$0] } ?? count
    }
}
