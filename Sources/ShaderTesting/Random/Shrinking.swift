/// Finds a small value that still fails.
package struct Shrinking {
    private let attempts: Int

    /// - Parameter attempts: the most values to try.
    package init(attempts: Int = 60) { self.attempts = attempts }

    /// Takes the first of the smaller values that fails, again and again, until none does.
    ///
    /// - Returns: a value that fails; where attempts ran out there may be smaller ones.
    package func smallest<Value>(
        failing value: Value, smaller: (Value) -> [Value], fails: (Value) -> Bool
    ) -> Value {
        var best = value
        var left = attempts
        search: while true {
            for candidate in smaller(best) {
                guard left > 0 else { return best }
                left -= 1
                if fails(candidate) {
                    best = candidate
                    continue search
                }
            }
            return best
        }
    }
}

extension Int {
    /// Smaller numbers to try in place of this one, the biggest step first; multiples of `unit`, none below `least`.
    package func smaller(downTo least: Int, by unit: Int = 1) -> [Int] {
        let half = Swift.max(least, self / 2 / unit * unit)
        return Set([least, half, self - unit]).filter { $0 >= least && $0 < self }.sorted()
    }
}
