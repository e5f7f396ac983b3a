/// Numbers for tests: the same for a seed, on every platform (SplitMix64, Steele et al. 2014).
public struct Numbers: Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    /// Numbers of their own for everything that has a name (FNV-1a).
    init(for name: String) {
        state = name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Evenly between -1 and 1.
    mutating func float() -> Float { Float(Int64(bitPattern: next()) >> 40) / Float(1 << 23) }

    mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in float() } }

    /// A half near `float() * factor`; one too small to be normal becomes zero, as drivers may flush it.
    mutating func half(_ factor: Float = 1) -> Float16 {
        let half = Float16(float() * factor)
        return half.isSubnormal ? 0 : half
    }

    public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    public mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var result = elements
        for index in result.indices.dropFirst() { result.swapAt(index, below(index + 1)) }
        return result
    }
}
