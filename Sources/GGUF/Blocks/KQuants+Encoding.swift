extension Q4_K: EncodableFormat {
    /// As llama.cpp's reference: each part's scale and minimum are sought on their own, then rounded to 6 bits.
    ///
    /// Source: `quantize_row_q4_K_ref` of ggml.
    static func encode(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
        block.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        var scales: [Float] = []
        var minimums: [Float] = []
        for part in 0..<8 {
            let fit = AffineFit(UnsafeBufferPointer(start: values + 32 * part, count: 32), limit: 15)
            scales.append(fit.scale)
            minimums.append(-fit.minimum)
        }
        let (scaleBits, minimumBits) = (Search.sixBits(scales), Search.sixBits(minimums))
        block.storeBytes(of: HalfPrecision.bits(scaleBits.unit), as: UInt16.self)
        block.storeBytes(of: HalfPrecision.bits(minimumBits.unit), toByteOffset: 2, as: UInt16.self)
        for part in 0..<4 {
            let (s, m) = (scaleBits.whole[part], minimumBits.whole[part])
            let (s4, m4) = (scaleBits.whole[part + 4], minimumBits.whole[part + 4])
            block.storeBytes(of: s | (s4 >> 4) << 6, toByteOffset: 4 + part, as: UInt8.self)
            block.storeBytes(of: m | (m4 >> 4) << 6, toByteOffset: 8 + part, as: UInt8.self)
            block.storeBytes(of: s4 & 15 | m4 << 4, toByteOffset: 12 + part, as: UInt8.self)
        }
        let (scale, minimum) = parameters(UnsafeRawPointer(block))
        for index in 0..<256 {
            let part = index / 32
            let unit = scale * Float(scaleBits.whole[part])
            let offset = minimum * Float(minimumBits.whole[part])
            let quant = Search.nearest((values[index] + offset) * Quant.inverse(unit), 0...15)
            let place = 16 + index / 64 * 32 + index % 32
            let byte = block.load(fromByteOffset: place, as: UInt8.self)
            block.storeBytes(of: byte | UInt8(quant) << UInt8(index % 64 / 32 * 4), toByteOffset: place, as: UInt8.self)
        }
    }
}

extension Q6_K: EncodableFormat {
    /// As llama.cpp's reference: each part's scale is sought on its own, then rounded to a signed byte.
    ///
    /// Source: `quantize_row_q6_K_ref` of ggml.
    static func encode(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
        block.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        let scales = (0..<16).map { part in
            Search.symmetricScale(UnsafeBufferPointer(start: values + 16 * part, count: 16), limit: 32)
        }
        let greatest = scales.reduce(Float(0)) { abs($1) > abs($0) ? $1 : $0 }
        guard abs(greatest) >= Search.least else { return }
        block.storeBytes(of: HalfPrecision.bits(greatest / -128), toByteOffset: 208, as: UInt16.self)
        let unit = parameters(UnsafeRawPointer(block)).scale
        for part in 0..<16 {
            let whole = Int8(Search.nearest(scales[part] * (-128 / greatest), -128...127))
            block.storeBytes(of: whole, toByteOffset: 192 + part, as: Int8.self)
            let inverse = Quant.inverse(unit * Float(whole))
            for index in 16 * part..<16 * part + 16 {
                let quant = UInt8(Search.nearest(values[index] * inverse, -32...31) + 32)
                let (n, r) = (index / 128, index % 128)
                let (low, high) = (64 * n + r % 64, 128 + 32 * n + r % 32)
                let (lowByte, highByte) = (
                    block.load(fromByteOffset: low, as: UInt8.self), block.load(fromByteOffset: high, as: UInt8.self)
                )
                block.storeBytes(of: lowByte | (quant & 15) << UInt8(r / 64 * 4), toByteOffset: low, as: UInt8.self)
                block.storeBytes(
                    of: highByte | (quant >> 4) << UInt8(r / 32 * 2), toByteOffset: high, as: UInt8.self)
            }
        }
    }
}

/// The scale and minimum, which is no greater than 0, that lose least of some values, large ones weighing more.
///
/// Source: `make_qkx2_quants` of ggml with the parameters of Q4_K.
private struct AffineFit {
    private(set) var scale: Float = 0
    private(set) var minimum: Float

    init(_ values: UnsafeBufferPointer<Float>, limit: Int) {
        let least = min(0, values.reduce(.infinity) { min($0, $1) })
        let greatest = values.reduce(-.infinity) { max($0, $1) }
        minimum = least
        guard greatest > least, (greatest - least).isFinite else { return }
        let typical = (values.reduce(0) { $0 + $1 * $1 } / Float(values.count)).squareRoot()
        let weights = values.map { typical + abs($0) }
        scale = (greatest - least) / Float(limit)
        var error = Self.error(values, weights, scale, minimum, limit, steps: 1 / scale, from: least)
        for step in 0...20 {
            let steps = (Float(limit) - 1 + 0.1 * Float(step)) / (greatest - least)
            guard let (scale, minimum) = Self.solve(values, weights, limit, steps: steps, from: least) else { continue }
            let candidate = Self.error(values, weights, scale, minimum, limit, steps: steps, from: least)
            if candidate < error { (self.scale, self.minimum, error) = (scale, minimum, candidate) }
        }
    }

    /// The best scale and minimum for the quants that `steps` from `least` on give: weighted least squares.
    private static func solve(
        _ values: UnsafeBufferPointer<Float>, _ weights: [Float], _ limit: Int, steps: Float, from least: Float
    ) -> (scale: Float, minimum: Float)? {
        var (w, wx, wq, wqq, wqx): (Float, Float, Float, Float, Float) = (0, 0, 0, 0, 0)
        for (x, weight) in zip(values, weights) {
            let q = Float(Search.nearest(steps * (x - least), 0...limit))
            w += weight
            wx += weight * x
            wq += weight * q
            wqq += weight * q * q
            wqx += weight * q * x
        }
        let determinant = w * wqq - wq * wq
        guard determinant > 0 else { return nil }
        let minimum = (wqq * wx - wq * wqx) / determinant
        return minimum > 0 ? (wqx / wqq, 0) : ((w * wqx - wx * wq) / determinant, minimum)
    }

    private static func error(
        _ values: UnsafeBufferPointer<Float>, _ weights: [Float], _ scale: Float, _ minimum: Float, _ limit: Int,
        steps: Float, from least: Float
    ) -> Float {
        zip(values, weights).reduce(0) { sum, pair in
            let difference = scale * Float(Search.nearest(steps * (pair.0 - least), 0...limit)) + minimum - pair.0
            return sum + pair.1 * difference * difference
        }
    }
}

private enum Search {
    /// Values that are all smaller count as zero.
    static let least: Float = 1e-15

    /// The nearest whole number in `range`, ties to even; the lower end for what is no number.
    static func nearest(_ value: Float, _ range: ClosedRange<Int>) -> Int {
        let (low, high) = (Float(range.lowerBound), Float(range.upperBound))
        return Int(Swift.max(low, Swift.min(high, value.isNaN ? low : value.rounded(.toNearestOrEven))))
    }

    /// Numbers that are not negative as multiples, 0 to 63, of a common unit.
    static func sixBits(_ numbers: [Float]) -> (unit: Float, whole: [UInt8]) {
        let greatest = numbers.reduce(0) { Swift.max($0, $1) }
        let steps = greatest > 0 ? 63 / greatest : 0
        return (greatest / 63, numbers.map { UInt8(nearest(steps * $0, 0...63)) })
    }

    /// The scale of either sign that loses least of some values, large ones weighing more, with quants from `-limit`
    /// to `limit - 1`.
    ///
    /// Source: `make_qx_quants` of ggml with the parameters of Q6_K.
    static func symmetricScale(_ values: UnsafeBufferPointer<Float>, limit: Int) -> Float {
        let peak = values.reduce(Float(0)) { abs($1) > abs($0) ? $1 : $0 }
        guard abs(peak) >= least else { return 0 }
        var (scale, best): (Float, Float) = (0, -1)
        for step in [0] + Array(-9 ... -1) + Array(1...9) {
            let steps = -(Float(limit) + 0.1 * Float(step)) / peak
            var (wqx, wqq): (Float, Float) = (0, 0)
            for x in values {
                let q = Float(nearest(steps * x, -limit...limit - 1))
                wqx += x * x * q * x
                wqq += x * x * q * q
            }
            if wqq > 0, wqx * wqx > best * wqq { (scale, best) = (wqx / wqq, wqx * wqx / wqq) }
        }
        return scale
    }
}
