import Quantities

/// Numbers for tests: the same for a seed, on every platform.
package struct Numbers: Sendable {
    private var random: SplitMix64

    package init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// Numbers of their own for everything that has a name (FNV-1a).
    init(for name: String) {
        self.init(seed: name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 })
    }

    package mutating func next() -> UInt64 { random.next() }

    /// Evenly between -1 and 1.
    mutating func float() -> Float { Float(Int64(bitPattern: next()) >> 40) / Float(1 << 23) }

    mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in float() } }

    /// A half near `float() * factor`; one too small to be normal becomes zero, as drivers may flush it.
    mutating func half(_ factor: Float = 1) -> Float16 {
        let half = Float16(float() * factor)
        return half.isSubnormal ? 0 : half
    }

    package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    package mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var result = elements
        for index in result.indices.dropFirst() { result.swapAt(index, below(index + 1)) }
        return result
    }
}
