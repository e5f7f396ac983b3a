import Compute
import Kernels

/// A product with weights that no cache holds all of, to be timed in one choice of shapes beside another.
struct ProductBench {
    private let kernels: KernelSet
    private let product: MatrixProduct
    private let timer: KernelTimer
    private let x: MatMul.Rows
    private let y: any Buffer
    /// Copies that take turns: a model's other matrices stand between two uses of one.
    private let weights: [DeviceWeights]

    /// More than caches of most devices have, in as many copies at most.
    private static let (weightBytes, mostCopies) = (128 << 20, 32)
    /// What one sample shall take: long beside the launch of a dispatch and beside what a system gives another process
    /// that wants a core, short beside what machines drift in.
    private static let sampleSeconds = 0.02
    private static let mostDispatches = 1000

    init(
        _ kernels: KernelSet, _ product: MatrixProduct, mostRows: Int, timer: KernelTimer
    ) throws(ComputeError) {
        (self.kernels, self.product, self.timer) = (kernels, product, timer)
        x = try kernels.makeRows(product, rows: mostRows)
        y = try kernels.device.makeNumbers(mostRows * product.columns)
        let bytes = (product.isPaired ? 2 : 1) * product.columns * product.format.byteCount(of: product.depth)
        var copies: [DeviceWeights] = []
        for _ in 0..<max(1, min(Self.mostCopies, Self.weightBytes / max(1, bytes))) {
            copies.append(try kernels.makeWeights(product))
        }
        weights = copies
    }

    /// The product in shapes of `choice`, compiled for all numbers of rows, with each copy of the weights.
    func products(_ choice: ShapeChoice) throws(ComputeError) -> [MatMul] {
        var products: [MatMul] = []
        for weights in weights {
            products.append(
                try MatMul(
                    kernels, x: x, weights: weights, y: y, columns: product.columns, stride: product.columns,
                    epilogue: product.isPaired ? .swiglu : .none, choice: choice))
        }
        return products
    }

    /// Times of a product of `rows` rows in two choices of shapes, in turns, and the first in turn first.
    ///
    /// - Parameters:
    ///   - limit: the seconds that shall do, if the fewest pairs do not take longer.
    ///   - counts: of pairs, the fewest and the most.
    func compare(
        _ base: [MatMul], _ other: [MatMul], rows: Int, limit: Double, counts: ClosedRange<Int>
    ) throws(ComputeError) -> PairedTimes {
        _ = try seconds(base, rows: rows, dispatches: 1)
        _ = try seconds(other, rows: rows, dispatches: 1)
        // The least of a few: one that waited for a core would make the samples too short.
        var once = try seconds(base, rows: rows, dispatches: 1)
        for _ in 1..<4 where once < Self.sampleSeconds {
            once = min(once, try seconds(base, rows: rows, dispatches: 1))
        }
        once = max(once, 1e-7)
        let dispatches = max(1, min(Self.mostDispatches, Int(Self.sampleSeconds / once)))
        let count = Int(min(1e6, limit / (2 * once * Double(dispatches))))
        var pairs: [PairedTimes.Pair] = []
        for index in 0..<min(max(count, counts.lowerBound), counts.upperBound) {
            var pair = PairedTimes.Pair(base: 0, other: 0)
            if index % 2 == 0 { pair.base = try seconds(base, rows: rows, dispatches: dispatches) }
            pair.other = try seconds(other, rows: rows, dispatches: dispatches)
            if index % 2 == 1 { pair.base = try seconds(base, rows: rows, dispatches: dispatches) }
            pairs.append(pair)
        }
        return PairedTimes(pairs)
    }

    /// Of one dispatch.
    private func seconds(_ products: [MatMul], rows: Int, dispatches: Int) throws(ComputeError) -> Double {
        var turn = 0
        let run = try timer.run(dispatches) { commands in
            products[turn % products.count].encode(commands, rows: rows)
            turn += 1
        }
        return max(run.device, 1e-9) / Double(dispatches)
    }
}
