import Foundation

/// Natural logarithms of probabilities, straight from logits.
package enum Logprobs {
    /// The logarithm of `token`'s probability and of the `count` likeliest tokens', best first.
    ///
    /// - Complexity: O(vocabulary * log count).
    package static func of(
        _ token: Int32, top count: Int, in logits: Span<Float>
    ) -> (logprob: Float, top: [(id: Int32, logprob: Float)]) {
        var most = -Float.infinity
        for index in logits.indices { most = max(most, logits[index]) }
        var total = 0.0
        for index in logits.indices { total += exp(Double(logits[index] - most)) }
        let normaliser = most + Float(log(total))
        return (logits[Int(token)] - normaliser, top(count, in: logits).map { ($0.id, $0.logit - normaliser) })
    }

    /// The `count` largest logits, best first.
    package static func top(_ count: Int, in logits: Span<Float>) -> [(id: Int32, logit: Float)] {
        var best: [(id: Int32, logit: Float)] = []
        guard count > 0 else { return best }
        for index in logits.indices {
            let logit = logits[index]
            if best.count == count, logit <= best[count - 1].logit { continue }
            let place = best.firstIndex { $0.logit < logit } ?? best.count
            best.insert((Int32(index), logit), at: place)
            if best.count > count { best.removeLast() }
        }
        return best
    }
}
